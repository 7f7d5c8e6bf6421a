import * as words from "../words.ts";
import { clock, number } from "./format.ts";
import type { ServiceRecord } from "./service-record.ts";
import type { Trouble } from "./troubles.ts";

const system = words.system;

/** A trouble as it is told. */
export interface TroubleInWords {
  readonly what: string;
  readonly where: string;
  /** Why, where something is known of it. */
  readonly why?: string | undefined;
  readonly advice: string;
}

/** The name of a kind of service; of one that is not known, the name it has in topics. */
export function kindInWords(kind: string): string {
  return Object.hasOwn(system.kinds, kind) ? system.kinds[kind as keyof typeof system.kinds] : kind;
}

/** What a drop or refusal means; undefined for a reason that is not known. */
export function reasonInWords(reason: string): { readonly meaning: string; readonly advice?: string } | undefined {
  return Object.hasOwn(system.reasons, reason) ? system.reasons[reason as keyof typeof system.reasons] : undefined;
}

/** @param services for what is known of the one that is in trouble */
export function troubleInWords({ facts }: Trouble, services: readonly ServiceRecord[]): TroubleInWords {
  const { trouble, advice } = system;
  switch (facts.what) {
    case "lost":
    case "stopped": {
      const { kind, name, onHost } = describe(facts.service, services);
      return { what: trouble[facts.what](name), where: facts.service, advice: advice[facts.what](kind, onHost) };
    }
    case "silent": {
      const { name, onHost } = describe(facts.service, services);
      return { what: trouble.silent(name), where: facts.service, advice: advice.silent(onHost) };
    }
    case "drops":
      return {
        what: trouble.drops(describe(facts.service, services).name, facts.reason),
        where: system.place(facts.service, facts.part),
        ...explained(facts.reason),
      };
    case "refusal": {
      const { why, advice: toDo } = explained(facts.reason);
      const causes = [system.wasTo(facts.why), why ?? facts.reason].join(" ");
      return { what: trouble.refusal(facts.relay), where: facts.relay, why: causes, advice: toDo };
    }
    case "database":
      return { what: trouble.database, where: facts.service, advice: advice.database(number(facts.waiting)) };
    default:
      return { what: trouble[facts.what], where: system.thisPage, advice: advice[facts.what] };
  }
}

function describe(key: string, services: readonly ServiceRecord[]): { kind: string; name: string; onHost: string } {
  const [kind = "", id = ""] = key.split("/");
  const host = services.find((service) => service.key === key)?.host;
  return { kind, name: `${kindInWords(kind)} ${id}`, onHost: host === undefined ? "" : system.onHost(host) };
}

function explained(reason: string): { why: string | undefined; advice: string } {
  const known = reasonInWords(reason);
  return { why: known?.meaning, advice: known ? (known.advice ?? "") : system.unknownReason };
}

/** When a trouble was, and whether it is over. */
export function whenInWords({ at, overAt }: Trouble): string {
  const time = at === undefined ? system.earlier : clock(at);
  return overAt === undefined ? time : `${time}. ${system.over(clock(overAt))}`;
}
