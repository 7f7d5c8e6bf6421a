import { useApp } from "../app.ts";
import * as words from "../words.ts";
import { CameraCard } from "./camera-card.tsx";
import "./live.css";
import { RelayTile } from "./relay-tile.tsx";

export function LiveView() {
  const { live } = useApp();
  const cameras = live.cameras.list.value;
  const relays = live.relays.value;
  return (
    <div class="live">
      <h2 class="visually-hidden">{words.views.live}</h2>
      <div class="live-cameras">
        {cameras.map((camera) => (
          <CameraCard key={camera.name} camera={camera} />
        ))}
        {cameras.length === 0 && <NoCamera />}
      </div>
      {relays.length > 0 && (
        <section class="live-relays" aria-label={words.live.relays}>
          {relays.map((relay) => (
            <RelayTile key={relay.name} relay={relay} />
          ))}
        </section>
      )}
    </div>
  );
}

function NoCamera() {
  return (
    <div class="card stack live-none">
      <h3>{words.live.none}</h3>
      <p class="hint">{words.live.noneHint}</p>
      <p>
        <a class="button" href="#camera">
          {words.live.useThis}
        </a>
      </p>
    </div>
  );
}
