import { now } from "@beckon/runtime";
import type { DriverContext, RelayDriver } from "./driver.ts";

const TIMEOUT_MS = 2000;

/** Posts `{"relay":"lamp","state":"ON","at":...}` to an address that stands in the configuration, and nowhere else. */
export function openWebhook({ url }: { url: string }, { name }: Pick<DriverContext, "name">): RelayDriver {
  let closed = false;
  const set = async (on: boolean): Promise<void> => {
    if (closed) throw new Error(`the webhook of ${name} is closed`);
    const { status, type } = await post(url, { relay: name, state: on ? "ON" : "OFF", at: now() });
    // A redirect could lead the switch, and what the address knows, to another host.
    if (type === "opaqueredirect" || (status >= 300 && status < 400))
      throw new Error(`the webhook of ${name} redirects: put the address it leads to into the configuration`);
    if (status < 200 || status >= 300) throw new Error(`the webhook of ${name} answered ${status}`);
  };
  return {
    set,
    close: async () => {
      if (closed) return;
      await set(false).catch(() => {});
      closed = true;
    },
  };
}

async function post(url: string, body: object): Promise<Pick<Response, "status" | "type">> {
  try {
    const response = await fetch(url, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
      redirect: "manual",
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    await response.body?.cancel();
    return response;
  } catch (cause) {
    // The address may hold a token, so it stays out of the message.
    const timeout = cause instanceof Error && cause.name === "TimeoutError";
    throw new Error(timeout ? `the webhook did not answer within ${TIMEOUT_MS} ms` : "the webhook cannot be reached", {
      cause,
    });
  }
}
