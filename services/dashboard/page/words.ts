// Every English word of the page, so that another language is another file. Each view has a name of its own in it: the build
// gives a view its own words only.

/** `5 s`, `2 min 30 s`, `3 h 5 min`, `2 d` */
function lasting(ms: number): string {
  const seconds = Math.floor(Math.max(0, ms) / 1000);
  const minutes = Math.floor(seconds / 60);
  if (minutes < 1) return `${seconds} s`;
  if (minutes < 60) return `${minutes} min ${seconds % 60} s`;
  return minutes < 1440 ? `${Math.floor(minutes / 60)} h ${minutes % 60} min` : `${Math.floor(minutes / 1440)} d`;
}

/** The same, with tenths of the first ten seconds. */
function fine(ms: number): string {
  return ms < 10_000 ? `${(Math.max(0, ms) / 1000).toFixed(1)} s` : lasting(ms);
}

/** @param share 0..1 */
function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}

function count(number: number, one: string): string {
  return `${number} ${one}${number === 1 ? "" : "s"}`;
}

/** What a reason to drop or refuse something means, and what to do, where there is something to do. */
interface ReasonWords {
  readonly meaning: string;
  readonly advice?: string;
}

/* @__NO_SIDE_EFFECTS__ */
function reason(meaning: string, advice?: string): ReasonWords {
  return { meaning, ...(advice && { advice }) };
}

export const title = "Beckon";
export const views = { live: "Live", camera: "This camera", teach: "Teach", system: "System" } as const;

export const connection = {
  connecting: "Connecting",
  online: "Connected",
  offline: "Away",
  login: "Log in",
  brokerAway: "The broker does not answer. The page comes back by itself when it does.",
  serviceAway: "The page's service does not answer. Is beckon still running? The page comes back by itself when it is.",
  since: (time: string): string => `Away since ${time}.`,
  skip: "Skip to the view",
  nav: "Views",
  broken: "This view has failed; the others still work. Reload the page if it fails again.",
  again: "Try again",
} as const;

export const login = {
  title: "Log in",
  why: "The broker wants to know who is looking.",
  username: "User",
  password: "Password",
  submit: "Log in",
  out: "Log out",
  refused: "The broker does not know this user with this password. Try again.",
} as const;

export const live = {
  none: "No camera is seen yet",
  noneHint: "A camera appears here by itself as soon as its pictures are on the broker.",
  useThis: "Use this device's camera",
  away: "Away",
  looking: "Live",
  picture: (camera: string): string => `What ${camera} sees`,
  noPicture: "Waiting for a picture",
  figures: { fps: "Frames a second", latency: "Capture to result", age: "Picture age" },
  ms: (ms: number): string => (ms < 10 ? `${ms.toFixed(1)} ms` : `${Math.round(ms)} ms`),
  percent,
  lasting,
  fine,
  held: (ms: number): string => `held for ${fine(ms)}`,
  noGesture: "Show a gesture in the frame",
  noResult: "Nobody names the gestures of this camera",
  announce: (camera: string, gesture: string): string => `${camera} shows ${gesture}`,
  top: (model: string): string => `Best guesses of ${model}`,
  spelled: "Spelled",
  spelledNone: "What you spell is written here",
  past: "Last gestures",
  region: {
    adjust: "Adjust",
    done: "Done",
    reset: "Reset frame",
    hint: "Drag the frame to where your hand is",
    saving: "Saving",
    saved: "Frame saved",
    away: "Not saved: nobody who could keep the frame of this camera is online.",
    unsent: "Not saved: it could not be sent. Check the connection, and that your user may change settings.",
    unconfirmed: "Not saved: nobody confirmed it. The last errors are in the System view.",
  },
  relays: "Relays",
  on: "On",
  off: "Off",
  relaySince: (cause: string, lasting: string): string => `${cause}, ${lasting} ago`,
  relayAway: "Its service is away; a relay is off then.",
  unknown: "Not known",
  relayUnknown: "The page has no connection.",
  pending: (on: boolean): string => (on ? "Switching on" : "Switching off"),
  unsent: "Not sent. Check the connection, and that your user may switch relays.",
  unanswered: "The relay did not answer. Is its service running, and may your user switch relays?",
  refused: (why: string, cause: string | undefined, clock: boolean): string =>
    cause !== undefined
      ? `Refused to switch ${cause}: ${why}.`
      : `Refused: ${why}.${clock ? " Do the machines of the page and of the relay know the time?" : ""}`,
  refusals: {
    stale: "it came too late",
    clock: "it is from the future",
    "min-off": "it was on a moment ago",
    busy: "its driver has not answered yet",
    driver: "its driver failed",
    rate: "too many commands come at once",
    reconnect: "it has only just connected",
    "no-source": "its camera has not been seen alive",
  } as Readonly<Record<string, string>>,
  charts: "Last two minutes",
  latency: "From capture to result",
  rate: "Frames a second",
  latencyText: (middle: number | null, worst: number): string =>
    middle === null ? "Nothing yet" : `${middle.toFixed(1)} ms in the middle, ${worst.toFixed(1)} ms at worst`,
  skipped: (count: number): string =>
    count === 0
      ? "Every picture that came was shown."
      : `${count} ${count === 1 ? "picture was" : "pictures were"} skipped here, because a newer one had come.`,
  rateText: (middle: number | null, now: number): string => `${middle ?? 0} in the middle, ${now} now`,
} as const;

export const roi = {
  name: ([x, y, width, height]: readonly number[]): string =>
    `Region looked at: ${width} % wide and ${height} % high, ${x} % from the left, ${y} % from the top`,
  help: "Drag the frame, or its edges. With the keyboard: arrows move it, Shift and arrows resize it.",
  reset: "Reset the frame",
} as const;

export const camera = {
  title: "This browser as a camera",
  about:
    "One press, and what this device sees is a camera of your home. Its pictures go to your own services only, and stop when you leave the page.",
  start: "Start the camera",
  stop: "Stop the camera",
  preview: "What this camera sees",
  answer: "What is recognised",
  sees: (gesture: string): string => `Recognised: ${gesture}`,
  confidence: "Confidence",
  percent,
  noAnswer:
    "No answer yet. Show your hand in the frame. If nothing comes, see in System whether a classifier is online.",
  sent: (count: number): string => `${count} sent`,
  skipped: (count: number): string => `${count} skipped`,
  skippedAbout: "Pictures that were left out because the one before was still on its way: the newest wins.",
  status: {
    off: (_: string): string => "",
    asking: (_: string): string => "The browser asks whether this page may use the camera: allow it.",
    checking: (name: string): string => `Listening for another camera that is called ${name}.`,
    on: (name: string): string =>
      `Running as ${name}, also while you look at another view here. It pauses while the page is hidden, and goes on by itself.`,
    paused: (_: string): string => "Paused, for the page is hidden. It goes on by itself when you are back.",
  },
  offline: "The page has no connection. Pictures go out again by themselves when it is back.",
  settings: "Settings",
  name: "Name of this camera",
  nameHint: "a-z, 0-9 and -, as it stands in topics; each camera has its own. It changes while the camera is off.",
  device: "Camera",
  sides: { user: "Front, or the usual one", environment: "Back", gone: "One that is not there" },
  fps: "Pictures a second",
  mirror: "Mirror the preview (what is sent is never mirrored)",
  secureLink: "Open this page over HTTPS",
  trust: "The browser may warn of its certificate, for your own machine made it and not a company.",
  trustLink: "How to let this device trust it",
  trouble: {
    name: (why: string): string => `This name cannot be used: it ${why}.`,
    taken: "Another camera speaks under this name just now. Stop that one, or give this one another name.",
    insecure:
      "Browsers give a camera only to pages from this very device (http://localhost) or over HTTPS, and this page came over plain HTTP.",
    none: "No such camera was found. Plug one in, or choose another one in the settings, then start again.",
    refused:
      "The browser may not use the camera. Allow it with the sign beside the page's address (and in the system's settings of privacy), then start again.",
    busy: "The camera does not start: another program may be using it. Close that one, then start again.",
    ended: "The camera is gone: it was unplugged, or the browser took it back. Plug it in and start again.",
    unheard:
      "The pictures are sent, but do not come back from the broker: it may not let this user be this camera. Reload the page; if that does not help, ask whoever runs the broker for the role admin.",
    other: (why: string): string => `The camera does not start. The browser says: ${why}`,
  },
} as const;

export const teach = {
  title: "Teach your own gestures",
  about:
    "Show a gesture a few times, train, and it is recognised. Pictures and models are ordinary folders, and never leave your machine.",
  camera: "Camera",
  cameraNone: "No camera is heard. Turn this device's into one, or start another.",
  useThis: "Use this device",
  gestures: "Gestures",
  add: "Add",
  addLabel: "Name of a new gesture",
  badName: (why: string): string => `This name cannot be used: it ${why}.`,
  nameThere: (name: string): string => `There is a gesture "${name}" already.`,
  others:
    "Everything that is none of your gestures: your face, the empty room, your hand in other shapes. Without it, every hand would be one of them.",
  counts: (pictures: number, recordings: number): string =>
    pictures === 0 ? "not recorded yet" : `${count(pictures, "picture")} in ${count(recordings, "recording")}`,
  toggle: (gesture: string): string => `Record "${gesture}"`,
  recordName: (gesture: string): string => `Hold to record "${gesture}"`,
  recording: (gesture: string, pictures: number): string => `"${gesture}": ${count(pictures, "picture")}`,
  recordingNow: (gesture: string): string => `Recording "${gesture}"`,
  ended: (gesture: string, pictures: number): string => `"${gesture}": ${count(pictures, "picture")} recorded.`,
  show: "Show",
  hide: "Hide",
  folders: (samples: string, models: string): string => `Pictures lie in ${samples}, models in ${models}.`,
  pressOnce: "Press once to start and once to stop, instead of holding the button",
  recordHint:
    "Keep your hand in the frame. Record each gesture at least twice, 3 seconds or more, and move a little: nearer, farther, turned. The last recording of each is kept to test with.",
  samples: (gesture: string): string => `Pictures of ${gesture}`,
  sample: (gesture: string, number: number): string => `${gesture}, picture ${number}`,
  throwOut: "Throw out",
  throwPicture: (number: number): string => `Throw out picture ${number}`,
  throwRecording: "Throw out this recording",
  sure: (pictures: number): string => `Throw ${count(pictures, "picture")} out for good?`,
  keep: "Keep",
  recorded: (time: string, camera: string, pictures: number): string =>
    `${time}, ${camera}, ${count(pictures, "picture")}`,
  showAll: (pictures: number): string => `Show all ${pictures}`,
  training: "Train",
  train: "Train",
  trainAgain: "Train again",
  stop: "Stop",
  wanted: "Before you train:",
  ready: "All there. Training takes some seconds.",
  phases: {
    starting: "Starting",
    reading: "Reading the pictures",
    training: "Learning",
    judging: "Trying it on pictures that it has not seen",
    done: "Done",
    failed: "It failed",
    stopped: "Stopped",
  },
  progress: "Progress of the training",
  result: "Result",
  noResult: "After the first training, how good it is stands here.",
  right: "right on recordings that it was not trained on",
  interval: (low: string, high: string, pictures: number): string =>
    `Between ${low} and ${high}, by ${count(pictures, "picture")}.`,
  percent,
  unjudged: "It was not judged: no recording was held back.",
  weak: "It will often be wrong.",
  weakest: (label: string, recall: string): string => `"${label}" is recognised only ${recall} of the time.`,
  mixed: (shown: string, taken: string): string =>
    `"${shown}" is taken for "${taken}" most often: make them more different.`,
  help: "What helps: record again in other rooms and light, let other people show it, and add more to others.",
  table: "What was shown (rows) and what it was taken for (columns)",
  shown: "Shown",
  unknown: "not sure",
  recall: "Right",
  models: "Models",
  made: (time: string, labels: string): string => `${time}: ${labels}`,
  use: "Use it",
  back: (folder: string): string => `Back to ${folder}`,
  useNone: "Use none",
  inUse: "in use",
  using: (folder: string): string => `Now in use: ${folder}.`,
  usingNone: "No taught model is in use.",
  usingAt: (classifier: string, folder: string): string => `${classifier}: ${folder}`,
  none: "none",
  awaited: "The classifier takes it up.",
  noClassifier: "No classifier is online. Start one (beckon classifier), then press Use it.",
  notSent: "It was not sent: there is no connection to the broker, or your user may not change settings.",
  notTaken: (folder: string | undefined, models: string): string =>
    folder === undefined
      ? "The classifier did not take it away within 10 seconds. Its log says why; your user may not be allowed to change its settings."
      : `The classifier did not take it within 10 seconds; its log says why. If it runs on another machine, copy the folder ${models}/${folder} into its models folder, then press Use it.`,
  noAnswer: "The page's service does not answer. Is beckon still running? It is tried again by itself.",
  notAllowed: (why: string): string => `This page may not teach (${why}). Log in as a user of the role admin.`,
  badAnswer: "The page's service answered something that this page does not understand. Reload the page.",
  now: "What it says now",
  noAnswerYet: "The answer of your own model stands here while it is in use. Show a gesture.",
} as const;

export const system = {
  problems: "What went wrong",
  moreProblems: (count: string): string => `${count} more`,
  noProblems: "Nothing went wrong since this page was opened.",
  count: (online: number, all: number): string =>
    online === all ? `All ${all} services are online.` : `${online} of ${all} services are online.`,
  noServices: "No service has said a word yet. Start some with npm start; each tells of itself every 5 seconds.",
  cutOff: "These figures are from before the connection was lost.",
  full: (count: number): string => `Only ${count} services are shown.`,
  services: "Services",
  kinds: {
    broker: "Broker",
    "camera-publisher": "Camera",
    classifier: "Classifier",
    interpreter: "Interpreter",
    relay: "Relay",
    "metrics-sink": "Metrics",
    dashboard: "Page",
  },
  states: { online: "Online", silent: "Silent", offline: "Offline" },
  silent: (time: string): string =>
    `Nothing was heard of it since ${time}, though it did not say goodbye. It may be stuck, or its network is gone.`,
  stopped: (time: string): string => `Stopped at ${time}.`,
  lost: (time: string): string => `Gone since ${time} without a goodbye.`,
  lostEarlier: "Gone without a goodbye, before this page was opened.",
  figures: {
    clients: "Connections",
    logins: "Log-ins",
    retained: "Retained messages",
    fps: "Pictures",
    publish: "To the broker",
    sources: "Sources",
    restarts: "Restarts of the source",
    models: "Models and engines",
    results: "Results",
    total: "Since capture",
    interpreted: "Results read",
    gestures: "Gestures",
    letters: "Letters",
    on: "Switch",
    switched: "Switched",
    waiting: "Points waiting",
    points: "New points",
    written: "Written",
    failures: "Failed writes",
    spool: "On the disk",
    pages: "Open pages",
    requests: "Requests",
  },
  on: "on",
  off: "off",
  perSecond: (value: string): string => `${value} /s`,
  latency: (typical: string, slow: string): string => `${typical} ms, p95 ${slow}`,
  megabytes: (value: string): string => `${value} MB`,
  up: (time: string): string => `up ${time}`,
  time: { days: "d", hours: "h", minutes: "min", seconds: "s" },
  cpu: "CPU",
  memory: "Memory",
  delay: "Event loop",
  percent: (value: string): string => `${value} %`,
  milliseconds: (value: string): string => `${value} ms`,
  process:
    "CPU (of one core), memory and delay of the event loop are of the whole process, which several services may share. p95: 95 % are faster.",
  all: "All figures",
  whole: "the service itself",
  drops: "Dropped, by reason",
  noDrops: "Nothing was dropped.",
  dropsAbout: "Whatever is not passed on is counted and has a reason. Here they are, of all services.",
  reason: "Reason",
  lastMinute: "Last minute",
  sinceStart: "Since start",
  wanted: "as it should be",
  where: "Where",
  toDo: "What to do:",
  place: (service: string, part: string): string => (part ? `${service}, ${part}` : service),
  places: (recent: string, total: string): string => `${recent} in the last minute, ${total} in all`,
  unknownReason: "This page does not know this reason; the README of its service may.",
  trends: "The last 10 minutes",
  cpuTrend: "CPU of the busiest process of each host, % of one core",
  resultsTrend: "Results per second, by model",
  noTrend: "Figures come within ten seconds.",
  trendLine: (name: string, now: string, most: string): string => `${name}: ${now} now, ${most} at most`,
  trouble: {
    lost: (service: string): string => `${service} is gone without a goodbye`,
    stopped: (service: string): string => `${service} has stopped`,
    silent: (service: string): string => `${service} is silent`,
    drops: (service: string, reason: string): string => `${service} drops: ${reason}`,
    refusal: (relay: string): string => `Relay ${relay} did not switch`,
    database: "The database takes no points",
    payloads: "Messages that this page cannot read",
    "broker-away": "The broker did not answer",
    "service-away": "The page's own service did not answer",
  },
  advice: {
    lost: (kind: string, host: string): string =>
      `Its log${host} says why. Start it again: npm start, or beckon ${kind}.`,
    stopped: (kind: string, host: string): string =>
      `If nobody meant it to, look at its log${host} and start it again: npm start, or beckon ${kind}.`,
    silent: (host: string): string => `Is its host${host} on and on the network? If so, restart the service.`,
    database: (waiting: string): string =>
      `${waiting} points wait on the disk. Is InfluxDB running, and is metrics-sink.url right?`,
    payloads: "Something publishes what is not ours under our topics; the services' logs name the topic.",
    "broker-away": "The page comes back by itself. If it does not, start the broker, and look at its log.",
    "service-away": "The page comes back by itself. If it does not: is beckon still running?",
  },
  onHost: (host: string): string => ` on ${host}`,
  times: (count: string): string => `${count} times`,
  over: (time: string): string => `Over since ${time}.`,
  earlier: "earlier",
  thisPage: "this page",
  wasTo: (why: string): string => `It was to switch ${why}.`,
  reasons: {
    // Of cameras.
    paced: reason("The source gives more pictures than fps asks for."),
    busy: reason("The one before was still under way.", "Is it often? Lower fps or size, or look at the network."),
    offline: reason("There was no connection to the broker.", "Look at the broker and the network in between."),
    failed: reason("The picture could not be turned or written.", "The log of the camera's service says why."),
    // Of any stream.
    superseded: reason("A newer one came first: the newest wins."),
    stale: reason("It was too old when it arrived.", "Look for a slow network or a busy machine; maxAge is the limit."),
    clock: reason(
      "Its time lies ahead of what its sender's clock allows.",
      "Set the sender's clock, such as with NTP.",
    ),
    duplicate: reason("It had come before.", "Do two senders share a name? Give each its own."),
    "older-boot": reason(
      "It is from before its sender's last start.",
      "Do two senders share a name? Give each its own.",
    ),
    "out-of-order": reason("Something newer came before it.", "Harmless now and then, as where brokers are bridged."),
    retained: reason("The broker had kept it, so it may be of any age.", "Publish it without the retain flag."),
    unsent: reason("It could not be sent: no connection.", "Look at the broker and the network in between."),
    overrun: reason("More came than could be read.", "Is this machine too busy, or does somebody flood the topic?"),
    "too-many": reason(
      "More cameras and models than are followed.",
      "Does somebody make up names? Look at the topics.",
    ),
    "too-many-cameras": reason("More cameras than are followed.", "Does somebody make up names? Look at the topics."),
    "too-many-sources": reason(
      "More cameras than a relay follows.",
      "Does somebody make up names? Look at the topics.",
    ),
    "bad-set": reason("New settings did not fit.", "The service's log says which value and what is allowed."),
    others: reason("More reasons than are told apart.", "The service's log has them."),
    // What does not fit the protocol.
    "too-large": reason(
      "It has more bytes or pixels than allowed.",
      "Make the camera's picture smaller, or raise the limit.",
    ),
    "bad-json": reason("It is no JSON.", "The log names the topic; look at who publishes there."),
    "bad-shape": reason("Its fields do not fit.", "The log names the field; is its sender of another version?"),
    "bad-image": reason("It is no whole JPEG.", "Look at the camera, its cable and its network."),
    "bad-envelope": reason("The note inside of the JPEG does not fit.", "Is the camera's sender of another version?"),
    "bad-topic": reason("What it says it is does not fit its topic.", "Look at who publishes there."),
    // Of classifiers.
    removed: reason("Its model was replaced meanwhile."),
    "engine-failed": reason("The engine could not compute it.", "The log says why; try another engine."),
    timeout: reason(
      "A worker thread took too long, and was replaced.",
      "Is the machine too busy? Or raise classifier.timeout.",
    ),
    crashed: reason("A worker thread died, and was replaced.", "The log says why; try another engine if it goes on."),
    stopped: reason("The service stopped meanwhile."),
    // Of brokers.
    malformed: reason("The bytes are no MQTT.", "Something else speaks to its port; its log has the address."),
    "no-connect": reason("It did not begin as MQTT does.", "Something else speaks to the broker's port."),
    silent: reason(
      "Somebody connected and did not log in.",
      "A port scan, or a very slow client; the log has the address.",
    ),
    "too-many-connections": reason(
      "All places are taken.",
      "Raise broker.maxConnections, or see who connects so often.",
    ),
    tls: reason("Encryption could not be agreed on.", "Does the client trust the certificate, and use the right port?"),
    "foreign-host": reason(
      "A browser asked for another host.",
      "If it is yours, add it to hosts in the settings of the service.",
    ),
    "foreign-origin": reason(
      "A page from elsewhere wanted in.",
      "If it is yours, add it to origins in the settings of the service.",
    ),
    "no-mqtt": reason("A WebSocket without MQTT.", "Set the client's subprotocol to mqtt."),
    "refused-client-id": reason("The client's id does not fit.", "Give the client another id."),
    "refused-login": reason("Wrong user or password.", "Correct it in the client; the log has user and address."),
    "busy-login": reason("Too many log-ins at once.", "It tries again by itself; if it goes on, see who knocks."),
    "refused-publish": reason("Its role may not publish there.", "Give the user another role, if it should."),
    "refused-subscribe": reason("Its role may not read there.", "Give the user another role, if it should."),
    "shared-subscription": reason(
      "This broker does not share subscriptions.",
      "Use another broker for that, such as mosquitto.",
    ),
    "slow-subscriber": reason("A reader is too slow, and misses messages.", "Look at its network; the log names it."),
    "stuck-subscriber": reason("A reader did not read, and was cut off.", "Restart it; the log names it."),
    "queue-full": reason(
      "Too much waits for a client that is away.",
      "Bring it back, or connect it with a clean session.",
    ),
    "retained-full": reason(
      "Too many messages are retained.",
      "Delete old ones: publish them empty, with the retain flag.",
    ),
    // Of this page's service.
    "too-many-pages": reason("All places for pages are taken.", "Close some of them."),
    "refused-connect": reason("A page began with what the gate does not take.", "Reload the page."),
    "refused-packet": reason("A page sent what the gate does not take.", "Reload the page."),
    "second-camera": reason("A page may be one camera only.", "Open another tab for another camera."),
    "no-broker": reason("The broker did not answer.", "Is it running, and is mqtt.url right?"),
    "bad-broker": reason("The broker did not speak MQTT.", "Does mqtt.url name its MQTT port?"),
    "stuck-broker": reason("The broker did not read.", "Restart it; its log says why."),
    "slow-page": reason(
      "A page reads too slowly, and misses pictures.",
      "A slow network or device; the newest comes first.",
    ),
    "stuck-page": reason("A page did not read, and was cut off.", "It comes back by itself."),
    // Of relays.
    "no-source": reason(
      "Its camera and model were not seen alive.",
      "Is the camera on, and do classifier and interpreter run?",
    ),
    reconnect: reason("It came just after connecting, so it may be old.", "Send it once more."),
    twice: reason("A TOGGLE with QoS 1 may come twice.", "Send it with QoS 0 or an id, or ON or OFF."),
    rate: reason("More commands than can be told apart.", "See who sends so many."),
    "min-off": reason("It was on a moment ago.", "Wait, or lower minOff."),
    driver: reason("The switch itself failed.", "The relay's log says why; look at its wires or its plug."),
    // Of metrics.
    overflow: reason("More waits than there is room for.", "Bring InfluxDB back, or raise spool.maxMegabytes."),
    expired: reason("It waited for too long.", "Bring InfluxDB back, or raise spool.maxAge."),
    "too-old": reason("It is older than what InfluxDB keeps.", "Raise the retention, if you need it."),
    refused: reason("InfluxDB does not take it.", "See rejected.jsonl beside the spool."),
    corrupt: reason("The disk gave back something else.", "Look at the disk or the SD card."),
    unwritten: reason("The disk took nothing.", "Is it full, or read-only?"),
  },
} as const;
