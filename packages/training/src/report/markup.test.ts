import { expect, test } from "vitest";
import { escapeMarkup, shorten } from "./markup.ts";

test("markup becomes text", () => {
  expect(escapeMarkup(`<img src=x onerror='a("&")'>`)).toBe("&lt;img src=x onerror=&#39;a(&quot;&amp;&quot;)&#39;&gt;");
});

test("characters that no XML may hold are replaced, others kept", () => {
  expect(escapeMarkup("a\u0000b\u001bc\ud800d\uffffe\nf\tgé手👋")).toBe("a�b�c�d�e\nf\tgé手👋");
});

test("a text is shortened between characters", () => {
  expect(shorten("nothing", 7)).toBe("nothing");
  expect(shorten("👋👋👋👋", 3)).toBe("👋👋…");
});
