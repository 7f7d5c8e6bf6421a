import * as z from "zod";

// Each schema would try, when it is made, whether functions may be made of strings. The page's own policy forbids that, and
// the console would complain; so this stands before everything that has schemas.
z.config({ jitless: true });
