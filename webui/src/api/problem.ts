/** What went wrong, in words for people: read from RFC 9457 problem documents, or from the lack of an answer. */

export interface ProblemDocument {
  title?: unknown;
  detail?: unknown;
  errors?: unknown;
}

const WORDS: Readonly<Record<number, string>> = {
  400: "The phone system did not understand that.",
  401: "Please sign in again.",
  403: "You may not do that.",
  404: "That is not there any more.",
  409: "That is already taken.",
  413: "That is too much at once.",
  422: "Please check the marked fields.",
  429: "Too many tries. Please wait a little.",
  503: "The phone system is busy starting or stopping. Please try again in a moment.",
};

/** `status` 0 means that no answer came at all.  `fields` maps a form field to what is wrong with it. */
export class Problem extends Error {
  override readonly name = "Problem";

  constructor(
    readonly status: number,
    message: string,
    readonly fields: Readonly<Record<string, string>> = {},
    readonly retryAfter: number | null = null,
  ) {
    super(message);
  }

  static unreachable(): Problem {
    return new Problem(0, "The phone system does not answer. Is it running, and are you on its network?");
  }

  static of(error: unknown): Problem {
    if (error instanceof Problem) return error;
    return new Problem(-1, "Something went wrong in this page. Reload it and try again.");
  }

  static async from(response: Response): Promise<Problem> {
    const body = await response.json().catch(() => null) as unknown;
    return problemOf(response.status, body, response.headers.get("retry-after"));
  }
}

export function problemOf(status: number, body: unknown, retryAfter: string | null = null): Problem {
  const document: ProblemDocument = typeof body === "object" && body !== null ? body : {};
  const fallback = WORDS[status] ?? (status >= 500 ? "The phone system had an error. It is written in its log." : "That did not work.");
  const fields = fieldsOf(document.errors);
  const seconds = Number(retryAfter);
  return new Problem(
    status,
    text(document.detail) || text(document.title) || fallback,
    fields,
    retryAfter !== null && Number.isFinite(seconds) ? seconds : null,
  );
}

function fieldsOf(errors: unknown): Record<string, string> {
  const fields: Record<string, string> = {};
  if (!Array.isArray(errors)) return fields;
  for (const entry of errors as unknown[]) {
    if (typeof entry !== "object" || entry === null) continue;
    const { field, message } = entry as { field?: unknown; message?: unknown };
    const key = text(field);
    if (key && !(key in fields)) fields[key] = sentence(text(message));
  }
  return fields;
}

/** The validators' words follow a key ("is too short"); under a field they stand alone. */
function sentence(said: string): string {
  const words = /^(is|has|must)\b/.test(said) ? `this ${said}` : said;
  const first = words.charAt(0).toUpperCase() + words.slice(1);
  return /[.!?]$/.test(first) || first === "" ? first : `${first}.`;
}

function text(value: unknown): string {
  return typeof value === "string" ? value.trim() : "";
}
