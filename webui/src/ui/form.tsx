/** Form fields with their labels, hints and errors tied together for eyes and screen readers alike. */
import type { ComponentChildren, JSX } from "preact";
import { useEffect, useId, useRef, useState } from "preact/hooks";
import type { Problem } from "../api/problem";
import { Icon } from "./icons";
import { Notice } from "./parts";

interface FieldProps {
  label: string;
  name: string;
  value: string;
  onInput: (value: string) => void;
  hint?: ComponentChildren;
  error?: string | undefined;
  type?: "text" | "password" | "date" | "search";
  autoComplete?: string;
  inputMode?: "numeric" | "text";
  placeholder?: string;
  autoFocus?: boolean;
  maxLength?: number;
  mono?: boolean;
  testid?: string;
}

export function Field(props: FieldProps): JSX.Element {
  const { label, hint, error } = props;
  const id = useId();
  const notes = [hint && `${id}-hint`, error && `${id}-error`].filter(Boolean).join(" ");
  return (
    <div class={`field${error ? " field-wrong" : ""}`}>
      <label for={id}>{label}</label>
      <Input {...props} id={id} describedBy={notes} />
      {hint && <p class="field-hint" id={`${id}-hint`}>{hint}</p>}
      {error && <p class="field-error" id={`${id}-error`} data-testid={`error-${props.name}`}>{error}</p>}
    </div>
  );
}

function Input(props: FieldProps & { id: string; describedBy: string }): JSX.Element {
  const { label, type = "text", autoFocus, onInput } = props;
  const input = useRef<HTMLInputElement>(null);
  const [visible, setVisible] = useState(false);
  useEffect(() => {
    if (autoFocus) input.current?.focus();
  }, [autoFocus]);
  // Preact's types tie each input type to its roles; here it is any of the plain ones.
  const shown = (type === "password" && visible ? "text" : type) as "text";
  return (
    <div class="field-box">
      <input
        id={props.id}
        ref={input}
        name={props.name}
        class={props.mono ? "mono" : ""}
        type={shown}
        value={props.value}
        autocomplete={props.autoComplete ?? "off"}
        autocapitalize="off"
        spellcheck={false}
        inputMode={props.inputMode}
        placeholder={props.placeholder}
        maxLength={props.maxLength ?? 200}
        aria-invalid={props.error ? true : undefined}
        aria-describedby={props.describedBy || undefined}
        data-testid={props.testid}
        onInput={(event) => onInput(event.currentTarget.value)}
      />
      {type === "password" && (
        <button type="button" class="field-eye" aria-label={`Show ${label.toLowerCase()}`} aria-pressed={visible} onClick={() => setVisible(!visible)}>
          <Icon name="eye" size={18} />
        </button>
      )}
    </div>
  );
}

export function Select({ label, value, options, onChange, testid }: {
  label: string;
  value: string;
  options: readonly (readonly [value: string, words: string])[];
  onChange: (value: string) => void;
  testid?: string;
}): JSX.Element {
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <div class="field-box">
        <select id={id} value={value} data-testid={testid} onChange={(event) => onChange(event.currentTarget.value)}>
          {options.map(([option, words]) => <option key={option} value={option}>{words}</option>)}
        </select>
      </div>
    </div>
  );
}

/** A form that tells the part of a problem that belongs to no field; fields show their own. */
export function Form({ problem, known, onSubmit, children, testid }: {
  problem: Problem | null;
  /** Names of the form's fields. */
  known: readonly string[];
  onSubmit: () => void;
  children: ComponentChildren;
  testid?: string;
}): JSX.Element {
  const form = useRef<HTMLFormElement>(null);
  useEffect(() => {
    if (problem) form.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus();
  }, [problem]);
  return (
    <form
      ref={form}
      class="form"
      noValidate
      data-testid={testid}
      onSubmit={(event) => {
        event.preventDefault();
        onSubmit();
      }}
    >
      {problem && <FormProblem problem={problem} known={known} />}
      {children}
    </form>
  );
}

function FormProblem({ problem, known }: { problem: Problem; known: readonly string[] }): JSX.Element | null {
  const fields = Object.keys(problem.fields);
  if (fields.length > 0 && fields.every((field) => known.includes(field))) return null;
  return <Notice tone="bad" testid="form-problem"><p>{problem.message}</p></Notice>;
}
