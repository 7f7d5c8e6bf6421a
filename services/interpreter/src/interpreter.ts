import type { GestureState } from "@beckon/protocol";
import { aborted, type Message, now, type Service, ServiceFailure, SubscriptionRefused } from "@beckon/runtime";
import { InterpreterConfig } from "./config.ts";
import { Desk } from "./desk.ts";

/** How often silence, heartbeats and timeouts are looked for, in ms. */
const TICK_MS = 100;

/** Turns the noisy results of each camera and model into steady gestures, their state, and spelled text. */
export const interpreter: Service<InterpreterConfig> = {
  kind: "interpreter",
  config: InterpreterConfig,
  async run(context) {
    const { bus, topics, config, signal } = context;
    const chosen = { camera: config.cameras, model: config.models };
    const desk = new Desk(context);
    context.onChange((changed) => desk.change(changed));
    const results = bus.subscribe(topics.result.matching(chosen), { signal });
    const states = bus.subscribe(topics.state.matching(chosen), { signal });
    const sweeping = sweep(states, desk);
    const timer = setInterval(() => desk.tick(now()), TICK_MS);
    try {
      await Promise.race([Promise.all([results.granted, states.granted]), aborted(signal)]);
      if (!signal.aborted) context.ready();
      for await (const message of results) desk.take(message);
    } catch (cause) {
      throw cause instanceof SubscriptionRefused ? new ServiceFailure(cause.message, { cause }) : cause;
    } finally {
      clearInterval(timer);
      desk.stop(now());
      await desk.sent();
    }
    await sweeping;
  },
};

/** A state that was kept from before, of a camera that nobody hears of now, is no longer true. */
async function sweep(
  states: AsyncIterable<Message<GestureState, "camera" | "model">>,
  desk: Pick<Desk, "disown">,
): Promise<void> {
  for await (const { retained, names, value } of states) if (retained && value.gesture !== null) desk.disown(names);
}
