import { type Signal, useSignal } from "@preact/signals";
import type { TargetedSubmitEvent } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { useApp } from "../app.ts";
import * as words from "../words.ts";

/** Asked for when the broker wants a user; the page keeps what was typed only in its memory. */
export function Login({ username }: { readonly username: Signal<string> }) {
  const { bus } = useApp();
  const first = useRef<HTMLInputElement>(null);
  const secret = useRef<HTMLInputElement>(null);
  const tried = useSignal(false);
  const connection = bus.connection.value;
  const busy = connection.status === "connecting";
  const refused = connection.status === "login" && connection.refused;
  useEffect(() => first.current?.focus(), []);
  useEffect(() => {
    if (refused) secret.current?.select();
  }, [refused, connection]);
  const submit = (event: TargetedSubmitEvent<HTMLFormElement>): void => {
    event.preventDefault();
    tried.value = true;
    bus.login({ username: username.peek(), password: secret.current?.value ?? "" });
  };
  return (
    <form class="card stack shell-login" onSubmit={submit}>
      <h2>{words.login.title}</h2>
      <p class="hint">{words.login.why}</p>
      <label class="field">
        {words.login.username}
        <input
          ref={first}
          name="username"
          autocomplete="username"
          autocapitalize="none"
          spellcheck={false}
          required
          maxLength={256}
          value={username.value}
          onInput={(event) => {
            username.value = event.currentTarget.value;
          }}
        />
      </label>
      <label class="field">
        {words.login.password}
        <input
          ref={secret}
          name="password"
          type="password"
          autocomplete="current-password"
          required
          maxLength={1024}
          aria-invalid={refused}
          aria-describedby="login-refused"
        />
      </label>
      <p id="login-refused" class="error" role="alert">
        {refused && tried.value ? words.login.refused : ""}
      </p>
      <button type="submit" class="primary" aria-disabled={busy}>
        {busy ? words.connection.connecting : words.login.submit}
      </button>
    </form>
  );
}
