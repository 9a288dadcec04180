// Play, pause, step, speed and the next warning; the clock says where in time one is.
import { write } from "./score.js";

export function createTransport(player) {
  const find = (id) => document.getElementById(id);
  const { view, config } = player;
  const play = find("play");
  const speed = find("speed");
  let frame = 0;
  let began = 0;
  let from = 0;
  play.hidden = speed.hidden = find("previous-warning").hidden = false;

  const starts = [...new Set(config.warnings.flatMap(([, , bins]) => bins.map(([a]) => a)))].sort((a, b) => a - b);

  // The bin follows from the time that has passed: a slow frame drops bins instead of slowing the clock.
  function tick(now) {
    const bin = from + Math.floor(((now - began) / 1000) * Number(speed.value));
    if (bin >= config.bins - 1) {
      player.go(config.bins - 1);
      pause();
      return;
    }
    player.go(bin);
    frame = requestAnimationFrame(tick);
  }

  function start() {
    if (view.bin >= config.bins - 1) player.go(0);
    from = view.bin;
    began = performance.now();
    cancelAnimationFrame(frame);
    frame = requestAnimationFrame(tick);
    show(true);
  }

  function pause() {
    if (!frame) return;
    cancelAnimationFrame(frame);
    frame = 0;
    show(false);
    player.settle();
  }

  function show(isPlaying) {
    play.setAttribute("aria-label", isPlaying ? "Pause" : "Play");
    play.toggleAttribute("data-playing", isPlaying);
  }

  function jump(way) {
    const to = way > 0 ? starts.find((bin) => bin > view.bin) : starts.findLast((bin) => bin < view.bin);
    if (to === undefined) return player.speak(way > 0 ? "No later warning." : "No earlier warning.");
    pause();
    player.go(to);
    player.settle();
  }

  const press = (id, action) =>
    find(id).addEventListener("click", (event) => {
      event.preventDefault();
      action();
    });
  press("play", () => (frame ? pause() : start()));
  press("back", () => player.step(-1));
  press("forward", () => player.step(1));
  press("next-warning", () => jump(1));
  press("previous-warning", () => jump(-1));
  speed.addEventListener("change", () => frame && start());

  function faster(way) {
    const index = Math.min(Math.max(speed.selectedIndex + way, 0), speed.options.length - 1);
    if (index === speed.selectedIndex) return;
    speed.selectedIndex = index;
    player.speak(speed.selectedOptions[0].text);
    if (frame) start();
  }

  function bin() {
    write(find("clock"), player.clock.span(view.bin));
    write(find("clock-bin"), player.clock.number(view.bin));
  }

  return { bin, pause, jump, faster, toggle: () => (frame ? pause() : start()), isPlaying: () => frame !== 0 };
}
