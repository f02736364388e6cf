/** First run: whoever has the one-time code from the terminal becomes the administrator. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { Problem } from "../api/problem";
import { useApp } from "../app";
import { useAction } from "../ui/action";
import { Door } from "../ui/door";
import { Field, Form } from "../ui/form";
import { Button } from "../ui/parts";

const FIELDS = ["code", "username", "password"];

export function Claim(): JSX.Element {
  const { api, router, store } = useApp();
  const [code, setCode] = useState("");
  const [username, setUsername] = useState("");
  const [password, setPassword] = useState("");
  const action = useAction();
  const submit = (): Promise<void> => action.run(async () => {
    checkFilled({ code, username, password });
    try {
      const user = await api.open("/api/setup/claim", { code: code.trim(), username: username.trim(), password });
      store.gate.value = { at: "in", user };
      router.go("/extensions", true);
    } catch (error) {
      if (error instanceof Problem && error.status === 409) store.gate.value = { at: "sign-in", why: error.message };
      else throw error;
    }
  });
  const { problem, busy } = action;
  return (
    <Door title="Welcome" text="Make this phone system yours. The one-time code stands in the terminal where Warden was started.">
      <Form problem={problem} known={FIELDS} onSubmit={() => void submit()} testid="claim-form">
        <Field label="One-time code" name="code" value={code} onInput={setCode} error={problem?.fields.code} autoFocus mono autoComplete="one-time-code" testid="claim-code" />
        <Field label="Your user name" name="username" value={username} onInput={setUsername} error={problem?.fields.username} autoComplete="username" placeholder="admin" testid="claim-username" />
        <Field
          label="Your password"
          name="password"
          type="password"
          value={password}
          onInput={setPassword}
          error={problem?.fields.password}
          hint="At least 10 characters. A short sentence is easy to remember."
          autoComplete="new-password"
          testid="claim-password"
        />
        <Button kind="primary" type="submit" busy={busy} wide testid="claim-submit">Claim this phone system</Button>
      </Form>
    </Door>
  );
}

/** Says at once what is still empty, in the same shape as the server would. */
export function checkFilled(values: Readonly<Record<string, string>>): void {
  const empty = Object.entries(values).filter(([, value]) => value.trim() === "");
  if (empty.length > 0) {
    throw new Problem(422, "Please fill in the marked fields.", Object.fromEntries(empty.map(([field]) => [field, "Please fill this in."])));
  }
}
