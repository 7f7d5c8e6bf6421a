import type { Codec, Topic } from "@beckon/protocol";
import type { DriverContext, RelayDriver } from "./driver.ts";
import { PLUG_DIALECTS, type PlugAddress, type PlugMake } from "./plug-dialects.ts";

/** A plug on the same broker. Its topics are made of the configuration alone. */
export function openMqttPlug(
  { plug, ...address }: PlugAddress & { plug: PlugMake },
  { name, maxOn, bus, log }: DriverContext,
): RelayDriver {
  const dialect = PLUG_DIALECTS[plug](address);
  const timer = dialect.timer && maxOn !== undefined;
  if (!timer) log.warn(`${name} stays on if this machine dies while it is on: ${remedy(dialect.timer)}`);
  const set = async (on: boolean): Promise<void> => {
    for (const { path, payload } of dialect.switch(on, maxOn))
      if (!(await bus.publish(foreignTopic(path), payload)))
        throw new Error(`no connection to the broker that the plug ${address.name} listens on`);
  };
  let closed = false;
  return {
    set: async (on) => {
      if (closed) throw new Error(`the plug of ${name} is closed`);
      await set(on);
    },
    close: async () => {
      if (closed) return;
      closed = true;
      await set(false).catch(() => {});
    },
  };
}

function remedy(hasTimer: boolean): string {
  return hasTimer ? "give it a maxOn, which the plug then keeps by itself" : "set the plug's own timer in its page";
}

const text: Codec<string> = {
  encode: (value) => new TextEncoder().encode(value),
  decode: (bytes) => new TextDecoder().decode(bytes),
};

/** A topic of someone else's, outside the prefix. Never retained: a retained ON would switch a plug on when it returns. */
export function foreignTopic(path: string): Topic<string> {
  return {
    path,
    filters: [path],
    qos: 1,
    retain: false,
    codec: text,
    match: (found) => (found === path ? {} : undefined),
  };
}
