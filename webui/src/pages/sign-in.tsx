/** Signing in. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { useApp } from "../app";
import { useAction } from "../ui/action";
import { Door } from "../ui/door";
import { Field, Form } from "../ui/form";
import { Button, Notice } from "../ui/parts";
import { checkFilled } from "./claim";

export function SignIn({ why }: { why: string }): JSX.Element {
  const { api, store } = useApp();
  const [username, setUsername] = useState("");
  const [password, setPassword] = useState("");
  const action = useAction();
  const submit = (): Promise<void> => action.run(async () => {
    checkFilled({ username, password });
    const user = await api.open("/api/auth/sign-in", { username: username.trim(), password });
    store.gate.value = { at: "in", user };
  });
  const { problem, busy } = action;
  return (
    <Door title="Sign in" text="Extensions, phones and calls of your office.">
      {why && !problem && <Notice tone="accent" testid="why"><p>{why}</p></Notice>}
      <Form problem={problem} known={["username", "password"]} onSubmit={() => void submit()} testid="sign-in-form">
        <Field label="User name" name="username" value={username} onInput={setUsername} error={problem?.fields.username} autoFocus autoComplete="username" testid="sign-in-username" />
        <Field label="Password" name="password" type="password" value={password} onInput={setPassword} error={problem?.fields.password} autoComplete="current-password" testid="sign-in-password" />
        <Button kind="primary" type="submit" busy={busy} wide testid="sign-in-submit">Sign in</Button>
      </Form>
    </Door>
  );
}
