/** Why a page was refused or cut off, or a message for it dropped, as the stats name it. */
export type GateLoss =
  /** Before there is a WebSocket. */
  | "foreign-host"
  | "foreign-origin"
  | "no-mqtt"
  | "too-many-pages"
  /** Of what a page says. */
  | "silent"
  | "malformed"
  | "too-large"
  | "refused-connect"
  | "refused-packet"
  | "refused-publish"
  | "second-camera"
  | "refused-subscribe"
  /** Of what the broker says, or does not. */
  | "no-broker"
  | "bad-broker"
  | "stuck-broker"
  /** Of a page that reads more slowly than it is told. */
  | "slow-page"
  | "stuck-page";
