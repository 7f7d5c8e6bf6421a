import { causeInWords, type RelayCause } from "@beckon/protocol";
import { computed, effect, type ReadonlySignal, type Signal, signal } from "@preact/signals";
import type { PageBus } from "../bus/page-bus.ts";
import { type KnownService, settingAt } from "./services.ts";

/** What a relay did, as people read it. */
export interface RelayNow {
  readonly on: boolean;
  /** Ms since the epoch, by this browser. */
  readonly since: number;
  readonly cause: string;
}

/** What became of the last wish to switch; `id` is that of the command. */
export type RelayWish =
  | { readonly step: "none" }
  | { readonly step: "pending"; readonly on: boolean; readonly id: string }
  | { readonly step: "unsent" }
  | { readonly step: "unanswered" }
  /** `cause` is absent for a wish of this page. */
  | { readonly step: "refused"; readonly reason: string; readonly detail?: string; readonly cause?: string };

export interface LiveRelay {
  readonly name: string;
  readonly now: ReadonlySignal<RelayNow>;
  readonly wish: ReadonlySignal<RelayWish>;
  /** Its service says that it is gone. */
  readonly away: ReadonlySignal<boolean>;
  switch(on: boolean): void;
}

const MAX_RELAYS = 32;
const ANSWER_MS = 3000;
const NONE: RelayWish = { step: "none" };

/**
 * Every relay that says its state.
 *
 * @param clock ms since the epoch, for commands, whose age relays judge
 */
export function createRelays(
  bus: PageBus,
  services: ReadonlySignal<readonly KnownService[]>,
  clock: () => number = Date.now,
): ReadonlySignal<readonly LiveRelay[]> {
  const list = signal<readonly RelayRecord[]>([]);
  bus.subscribe(bus.topics.relayState.matching(), ({ names, value, arrivedAt, retained }) => {
    const found = list.peek().find(({ name }) => name === names.relay);
    if (!found && list.peek().length >= MAX_RELAYS) return;
    // Clocks differ, so what has just happened happened now.
    const changed = !retained && found !== undefined && found.now.peek().on !== (value.state === "ON");
    const since = changed ? arrivedAt : Math.min(value.since, arrivedAt);
    const now = { on: value.state === "ON", since, cause: causeInWords(value.cause) };
    if (found) found.heard(now);
    else {
      const made = new RelayRecord(names.relay, now, bus, services, clock);
      list.value = [...list.peek(), made].sort((a, b) => (a.name < b.name ? -1 : 1));
    }
  });
  bus.subscribe(bus.topics.relayEvent.matching(), ({ names, value, retained }) => {
    if (retained || !("refused" in value)) return;
    list
      .peek()
      .find(({ name }) => name === names.relay)
      ?.refused(value.refused, value.cause);
  });
  return list;
}

class RelayRecord implements LiveRelay {
  readonly name: string;
  readonly now: Signal<RelayNow>;
  readonly wish: Signal<RelayWish> = signal(NONE);
  readonly away: ReadonlySignal<boolean>;
  readonly #bus: PageBus;
  readonly #clock: () => number;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    name: string,
    now: RelayNow,
    bus: PageBus,
    services: ReadonlySignal<readonly KnownService[]>,
    clock: () => number,
  ) {
    this.name = name;
    this.now = signal(now);
    this.#bus = bus;
    this.#clock = clock;
    this.away = computed(() => {
      const owners = services.value.filter(
        ({ kind, config }) => kind === "relay" && settingAt(config, "relays", name) !== undefined,
      );
      return owners.length > 0 && !owners.some(({ online }) => online);
    });
    effect(() => {
      if (this.away.value) this.#settle(NONE);
    });
  }

  switch(on: boolean): void {
    const id = `page-${[...crypto.getRandomValues(new Uint32Array(2))].map((part) => part.toString(36)).join("")}`;
    this.#settle({ step: "pending", on, id });
    this.#timer = setTimeout(() => this.#settle({ step: "unanswered" }), ANSWER_MS);
    const command = { state: on ? ("ON" as const) : ("OFF" as const), at: this.#clock(), id };
    void this.#bus.publish(this.#bus.topics.relaySet({ relay: this.name }), command).then((sent) => {
      if (!sent && this.#isOurs(id)) this.#settle({ step: "unsent" });
    });
  }

  heard(now: RelayNow): void {
    this.now.value = now;
    const wish = this.wish.peek();
    if (wish.step !== "pending" || wish.on === now.on) this.#settle(NONE);
  }

  refused(reason: string, cause: RelayCause): void {
    const ours = this.#isOurs(cause.id);
    // The answer to our own wish is not covered by the refusal of a gesture.
    if (!ours && this.wish.peek().step === "pending") return;
    const { detail, ...rest } = cause;
    this.#settle({
      step: "refused",
      reason,
      ...(detail !== undefined && { detail }),
      ...(!ours && { cause: causeInWords(rest) }),
    });
  }

  #isOurs(id: string | undefined): boolean {
    const wish = this.wish.peek();
    return wish.step === "pending" && wish.id === id;
  }

  #settle(wish: RelayWish): void {
    clearTimeout(this.#timer);
    this.wish.value = wish;
  }
}
