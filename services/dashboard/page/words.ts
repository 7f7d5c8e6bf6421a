/** Every English word of the page, by view, so that another language is another file. */
export const words = {
  title: "Beckon",
  views: { live: "Live", camera: "This camera", teach: "Teach", system: "System" },
  connection: {
    connecting: "Connecting",
    online: "Connected",
    brokerAway: "The broker does not answer. The page comes back by itself when it does.",
    serviceAway: "The page's service does not answer. Is beckon still running?",
  },
  camera: {
    roi: {
      name: ([x, y, width, height]: readonly number[]): string =>
        `Region looked at: ${width} % wide and ${height} % high, ${x} % from the left, ${y} % from the top`,
      help: "Drag it, or its edges. With the keyboard: arrows move it, Shift and arrows resize it.",
    },
  },
} as const;
