import { describe, expect, it } from "vitest";
import { Mailbox } from "./mailbox.ts";

const done = { value: undefined, done: true };
const item = (value: number) => ({ value, done: false });

function mailbox(capacity = 8) {
  const told: string[] = [];
  const box = new Mailbox<number>(
    capacity,
    () => told.push("dropped"),
    () => told.push("left"),
  );
  return { box, told };
}

describe("a mailbox", () => {
  it("hands what arrives to the reader that waits, and keeps the rest in order", async () => {
    const { box } = mailbox();
    const first = box.next();
    for (const value of [1, 2, 3]) box.push(value);
    expect([await first, await box.next(), await box.next()]).toEqual([item(1), item(2), item(3)]);
  });

  it("drops the oldest beyond its capacity, and says so for each", async () => {
    const { box, told } = mailbox(2);
    for (const value of [1, 2, 3, 4]) box.push(value);
    expect([await box.next(), await box.next()]).toEqual([item(3), item(4)]);
    expect(told).toEqual(["dropped", "dropped"]);
  });

  it("is read to its end after it was closed, and takes nothing more", async () => {
    const { box } = mailbox();
    box.push(1);
    box.close();
    box.push(2);
    expect([await box.next(), await box.next(), await box.next()]).toEqual([item(1), done, done]);
  });

  it("ends for a reader that waits when it is closed", async () => {
    const { box } = mailbox();
    const waiting = box.next();
    box.close();
    expect(await waiting).toEqual(done);
  });

  it("gives its failure once, after what waits, and then ends", async () => {
    const { box } = mailbox();
    box.push(1);
    box.fail(new Error("broken"));
    box.close();
    expect(await box.next()).toEqual(item(1));
    await expect(box.next()).rejects.toThrow("broken");
    expect(await box.next()).toEqual(done);
  });

  it("gives its failure to the reader that waits", async () => {
    const { box } = mailbox();
    const waiting = box.next();
    box.fail(new Error("broken"));
    await expect(waiting).rejects.toThrow("broken");
    expect(await box.next()).toEqual(done);
  });

  it("cannot fail once it was closed", async () => {
    const { box } = mailbox();
    box.close();
    box.fail(new Error("late"));
    expect(await box.next()).toEqual(done);
  });

  it("forgets what waits when the reader leaves its loop, and says so", async () => {
    const { box, told } = mailbox();
    for (const value of [1, 2]) box.push(value);
    for await (const _ of box) break;
    expect(await box.next()).toEqual(done);
    expect(told).toEqual(["left"]);
  });
});
