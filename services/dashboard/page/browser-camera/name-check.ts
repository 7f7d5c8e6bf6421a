import { effect } from "@preact/signals";
import type { PageBus } from "../bus/page-bus.ts";

/** How long it is listened for another camera of a name, in ms. */
export const LISTEN_MS = 2000;

/**
 * Whether another camera publishes under a name: two of them would fight over which is the newer one. It begins when the
 * page is online.
 *
 * @param own boots that are this page's
 */
export function othersUse(
  bus: Pick<PageBus, "topics" | "connection" | "subscribe">,
  camera: string,
  own: ReadonlySet<string>,
): { readonly answer: Promise<boolean>; readonly cancel: () => void } {
  let settle: (taken: boolean) => void = () => undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const silence = bus.subscribe(bus.topics.frame({ camera }), ({ value }) => {
    if (!value.envelope || !own.has(value.envelope.boot)) settle(true);
  });
  const forget = effect(() => {
    clearTimeout(timer);
    if (bus.connection.value.status === "online") timer = setTimeout(() => settle(false), LISTEN_MS);
  });
  const cancel = (): void => {
    clearTimeout(timer);
    forget();
    silence();
  };
  const answer = new Promise<boolean>((resolve) => {
    settle = (taken) => {
      cancel();
      resolve(taken);
    };
  });
  return { answer, cancel };
}
