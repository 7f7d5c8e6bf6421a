/** Every English word of the page, by view, so that another language is another file. */
export const words = {
  title: "Beckon",
  views: { live: "Live", camera: "This camera", teach: "Teach", system: "System" },
  connection: {
    connecting: "Connecting",
    online: "Connected",
    offline: "Away",
    login: "Log in",
    brokerAway: "The broker does not answer. The page comes back by itself when it does.",
    serviceAway:
      "The page's service does not answer. Is beckon still running? The page comes back by itself when it is.",
    since: (time: string): string => `Away since ${time}.`,
    skip: "Skip to the view",
    nav: "Views",
    broken: "This view has failed; the others still work. Reload the page if it fails again.",
    again: "Try again",
  },
  login: {
    title: "Log in",
    why: "The broker wants to know who is looking.",
    username: "User",
    password: "Password",
    submit: "Log in",
    out: "Log out",
    refused: "The broker does not know this user with this password. Try again.",
  },
  camera: {
    roi: {
      name: ([x, y, width, height]: readonly number[]): string =>
        `Region looked at: ${width} % wide and ${height} % high, ${x} % from the left, ${y} % from the top`,
      help: "Drag it, or its edges. With the keyboard: arrows move it, Shift and arrows resize it.",
    },
  },
} as const;
