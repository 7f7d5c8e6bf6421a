/** One message to a plug. */
export interface PlugMessage {
  readonly path: string;
  readonly payload: string;
}

/** How plugs of one make are spoken to. */
export interface PlugDialect {
  /** @param maxOn ms after which the plug itself must switch off, if it can */
  switch(on: boolean, maxOn: number | undefined): readonly PlugMessage[];
  /** It can be given the maximum on time over MQTT. */
  readonly timer: boolean;
}

export interface PlugAddress {
  readonly name: string;
  /** From 1. */
  readonly channel: number;
  /** Of zigbee2mqtt. */
  readonly base: string;
}

export type PlugMake = keyof typeof PLUG_DIALECTS;

/** To add a make: one function here, its name in `config.ts`, and a line in the contract test. */
export const PLUG_DIALECTS = { tasmota, "shelly-gen1": shellyGen1, "shelly-gen2": shellyGen2, zigbee2mqtt };

/** https://tasmota.github.io/docs/Commands/#control */
function tasmota({ name, channel }: PlugAddress): PlugDialect {
  return {
    timer: true,
    switch: (on, maxOn) => [
      // Before ON, for it counts from the next ON. Tasmota writes it to flash only when it differs.
      ...(on && maxOn !== undefined
        ? [{ path: `cmnd/${name}/PulseTime${channel}`, payload: `${pulseTime(maxOn)}` }]
        : []),
      { path: `cmnd/${name}/POWER${channel}`, payload: on ? "ON" : "OFF" },
    ],
  };
}

/** PulseTime: 1 to 111 are tenths of a second, 112 to 64900 are seconds and 100. */
function pulseTime(ms: number): number {
  const tenths = Math.ceil(ms / 100);
  return tenths <= 111 ? Math.max(1, tenths) : Math.min(64_900, Math.max(112, Math.ceil(ms / 1000) + 100));
}

/** https://shelly-api-docs.shelly.cloud/gen1/#shelly1-1pm-mqtt: its timer cannot be set over MQTT, only in its own page. */
function shellyGen1({ name, channel }: PlugAddress): PlugDialect {
  return {
    timer: false,
    switch: (on) => [{ path: `shellies/${name}/relay/${channel - 1}/command`, payload: on ? "on" : "off" }],
  };
}

/** https://shelly-api-docs.shelly.cloud/gen2/ComponentsAndServices/Switch: Switch.Set takes the timer in seconds. */
function shellyGen2({ name, channel }: PlugAddress): PlugDialect {
  const id = channel - 1;
  return {
    timer: true,
    switch: (on, maxOn) =>
      on && maxOn !== undefined
        ? [{ path: `${name}/rpc`, payload: JSON.stringify(switchSet(id, maxOn)) }]
        : [{ path: `${name}/command/switch:${id}`, payload: on ? "on" : "off" }],
  };
}

function switchSet(id: number, maxOn: number): object {
  return {
    id: 1,
    src: "beckon",
    method: "Switch.Set",
    params: { id, on: true, toggle_after: Math.ceil(maxOn / 1000) },
  };
}

/** https://www.zigbee2mqtt.io/guide/usage/mqtt_topics_and_messages.html: on_time in seconds, 16 bits of tenths. */
function zigbee2mqtt({ name, base, channel }: PlugAddress): PlugDialect {
  const key = channel === 1 ? "state" : `state_l${channel}`;
  return {
    timer: true,
    switch: (on, maxOn) => [
      {
        path: `${base}/${name}/set`,
        payload: JSON.stringify({
          [key]: on ? "ON" : "OFF",
          ...(on && maxOn !== undefined && { on_time: Math.min(6553, Math.ceil(maxOn / 1000)) }),
        }),
      },
    ],
  };
}
