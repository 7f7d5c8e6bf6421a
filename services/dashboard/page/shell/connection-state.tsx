import { useApp } from "../app.ts";
import type { Connection } from "../bus/page-bus.ts";
import * as words from "../words.ts";

const TONES = { connecting: "", online: "good", offline: "bad", login: "warning" } as const;

/** One word in the header. */
export function ConnectionBadge() {
  const { status } = useApp().bus.connection.value;
  return (
    <span class={`badge ${TONES[status]}`}>
      <span class="shell-dot" aria-hidden="true" />
      {words.connection[status]}
    </span>
  );
}

/** What is wrong and what becomes of it; the region stays, so that a screen reader hears what comes into it. */
export function ConnectionBanner() {
  const trouble = troubleOf(useApp().bus.connection.value);
  return (
    <div class="shell-banner" role="status">
      {trouble && <p class="notice warning">{trouble}</p>}
    </div>
  );
}

function troubleOf(connection: Connection): string | undefined {
  if (connection.status !== "offline") return undefined;
  const { brokerAway, serviceAway, since } = words.connection;
  const what = connection.missing === "broker" ? brokerAway : serviceAway;
  return `${what} ${since(new Date(connection.since).toLocaleTimeString())}`;
}
