/**
 * Appends points to a spool for ever, and prints the number of the last one whenever all before it are on disk. To be
 * killed. Its argument is the folder.
 */
import { Spool } from "../spool/spool.ts";

const spool = await Spool.open({
  folder: process.argv[2] ?? "",
  ...{ maxSize: 1e9, maxAge: 1e9, syncInterval: 60_000, maxInMemory: 1_000_000 },
  dropped: () => {},
  log: { info: () => {}, warn: (message) => console.error(message) },
});
for (let count = 0; ; ) {
  const points = Array.from({ length: 50 }, () => ({
    measurement: "text" as const,
    tags: {},
    fields: { length: 1 },
    time: ++count,
  }));
  spool.append(points);
  const syncing = spool.sync();
  spool.append([{ measurement: "text", tags: {}, fields: { length: 1 }, time: ++count }]);
  await syncing;
  process.stdout.write(`${count - 1}\n`);
}
