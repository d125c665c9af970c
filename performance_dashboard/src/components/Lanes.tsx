import { useEffect, useRef } from 'react';
import { formatCount } from '../view/format.ts';
import { instanceMark } from '../view/instanceMark.ts';
import { axisEnd, type CoursePoint, DOT_WIDTH, laneDots, type RunView, type ShownStart } from '../view/runView.ts';
import { InstanceMark } from './Marks.tsx';
import { Panel } from './Panel.tsx';

interface Props {
  view: RunView;
  instances: readonly string[];
  theme: 'light' | 'dark';
  /** After the end, lanes show completed streams instead of streams in flight. */
  ended: boolean;
  aside?: React.ReactNode;
}

/** A lane for each instance: its streams in flight, and the start of each stream. */
export function Lanes({ view: { snapshot, starts, every, course }, instances, theme, ended, aside }: Props) {
  const spanMs = axisEnd(snapshot?.elapsed_ms ?? 0);
  const peaks = instances.map((id) => Math.max(0, ...course.map(({ active }) => active[id] ?? 0)));
  const peak = Math.max(3, ...peaks);
  const started = (id: string) => {
    return (snapshot?.instances[id]?.requests ?? 0) + (snapshot?.active_by_instance[id] ?? 0);
  };
  return (
    <Panel title="Lanes" unit="one per instance" aside={aside}>
      {instances.length === 0 ? (
        <p className="py-4 text-muted">Instances appear with the first response.</p>
      ) : (
        <>
          <ul className="flex flex-col">
            {instances.map((id) => (
              <li
                key={id}
                className="grid grid-cols-[4.75rem_minmax(0,1fr)_4.5rem] items-stretch border-b border-line sm:grid-cols-[6rem_minmax(0,1fr)_6rem]"
              >
                <span className="self-center font-medium">
                  <InstanceMark id={id} />
                </span>
                <span className="block border-x border-line pt-1">
                  <LaneCanvas
                    instance={id}
                    starts={starts}
                    course={course}
                    spanMs={spanMs}
                    peak={peak}
                    colour={instanceMark(id).colour}
                    theme={theme}
                  />
                </span>
                <span className="self-center text-right">
                  <span className="text-figure font-semibold">
                    {formatCount((ended ? snapshot?.instances[id]?.ok : snapshot?.active_by_instance[id]) ?? 0)}
                  </span>
                  <span className="block text-label text-muted">{ended ? 'completed' : 'in flight'}</span>
                </span>
              </li>
            ))}
          </ul>
          <TimeAxis spanMs={spanMs} />
          <p className="mt-2 text-label text-muted">
            ● {every > 1 ? `start of every ${every}th stream` : 'start of a stream'} · ○ refused or failed request ·
            area: streams in flight, {formatCount(peak)} at full height
          </p>
          <details className="mt-1 text-label">
            <summary className="w-fit text-muted hover:text-ink">Show as a table</summary>
            <table className="data-table">
              <thead>
                <tr>
                  <th scope="col">Instance</th>
                  <th scope="col">Started</th>
                  <th scope="col">In flight</th>
                  <th scope="col">Peak</th>
                </tr>
              </thead>
              <tbody>
                {instances.map((id, index) => (
                  <tr key={id}>
                    <th scope="row">{id}</th>
                    <td>{formatCount(started(id))}</td>
                    <td>{formatCount(snapshot?.active_by_instance[id] ?? 0)}</td>
                    <td>{formatCount(peaks[index] ?? 0)}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </details>
        </>
      )}
    </Panel>
  );
}

const TICKS = [0, 1, 2, 3, 4, 5] as const;

function TimeAxis({ spanMs }: { spanMs: number }) {
  return (
    <div
      aria-hidden="true"
      className="mx-[4.75rem] mr-[4.5rem] flex justify-between pt-1 text-label text-muted sm:mx-[6rem]"
    >
      {TICKS.map((part) => (
        <span key={part} className={part > 0 && part < 5 ? 'max-sm:hidden' : ''}>
          {Number(((spanMs * part) / 5_000).toFixed(1))} s
        </span>
      ))}
    </div>
  );
}

interface LaneProps {
  instance: string;
  starts: readonly ShownStart[];
  course: readonly CoursePoint[];
  spanMs: number;
  /** Streams in flight at the lane's full height. */
  peak: number;
  colour: string;
  theme: 'light' | 'dark';
}

const HEIGHT = 56;
const RADIUS = 3;
const DOT_STEP = 8;
/** Dots that fit above each other; further ones start again at the bottom. */
const LEVELS = Math.floor((HEIGHT - 8) / DOT_STEP);

/** Streams in flight as an area, and a dot at the start of each stream; on a canvas, as there may be thousands. */
export function LaneCanvas({ instance, starts, course, spanMs, peak, colour, theme }: LaneProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const width = useRef(0);
  const draw = useRef(() => {});

  // biome-ignore lint/correctness/useExhaustiveDependencies: colours are read anew when the theme is another
  useEffect(() => {
    draw.current = () => {
      const element = canvas.current;
      const context = element?.getContext('2d');
      if (!element || !context || width.current === 0) return;
      const scale = window.devicePixelRatio || 1;
      element.width = width.current * scale;
      element.height = HEIGHT * scale;
      context.scale(scale, scale);
      const ink = getComputedStyle(element).color;
      drawArea(context, course, instance, { spanMs, peak, width: width.current, ink });
      context.fillStyle = ink;
      context.strokeStyle = ink;
      context.lineWidth = 1.5;
      for (const { x, level, refused } of laneDots(starts, instance, spanMs, width.current)) {
        context.beginPath();
        context.arc(x, HEIGHT - 6 - (level % LEVELS) * DOT_STEP, refused ? RADIUS - 0.75 : RADIUS, 0, 2 * Math.PI);
        if (refused) context.stroke();
        else context.fill();
      }
    };
    draw.current();
  }, [instance, starts, course, spanMs, peak, colour, theme]);

  useEffect(() => {
    const element = canvas.current;
    if (!element) return;
    const observer = new ResizeObserver(([entry]) => {
      width.current = Math.floor(entry?.contentRect.width ?? 0);
      draw.current();
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, []);

  return (
    <span aria-hidden="true" className="block" style={{ height: HEIGHT, color: colour }}>
      <canvas ref={canvas} className="block size-full" />
    </span>
  );
}

interface Frame {
  spanMs: number;
  peak: number;
  width: number;
  ink: string;
}

function drawArea(
  context: CanvasRenderingContext2D,
  course: readonly CoursePoint[],
  instance: string,
  { spanMs, peak, width, ink }: Frame,
): void {
  const x = (atMs: number) => DOT_WIDTH / 2 + (atMs / spanMs) * (width - DOT_WIDTH);
  const y = (active: number) => HEIGHT - (active / peak) * (HEIGHT - 4);
  context.beginPath();
  context.moveTo(x(0), HEIGHT);
  let before = 0;
  for (const { atMs, active } of course) {
    const now = active[instance] ?? 0;
    context.lineTo(x(atMs), y(before));
    context.lineTo(x(atMs), y(now));
    before = now;
  }
  context.lineTo(x(course.at(-1)?.atMs ?? 0), HEIGHT);
  context.fillStyle = ink;
  context.globalAlpha = 0.16;
  context.fill();
  context.globalAlpha = 1;
}
