import { useEffect, useRef } from 'react';
import { DOT_WIDTH, laneDots } from '../view/laneDots.ts';
import type { CoursePoint, ShownStart } from '../view/runView.ts';

interface Props {
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
/** Dots above each other that a lane has room for; the next begin again at its bottom. */
const LEVELS = Math.floor((HEIGHT - 8) / DOT_STEP);

/** Streams in flight as an area, and a dot for each stream where it started. Drawn: no dot is an element. */
export function LaneCanvas({ instance, starts, course, spanMs, peak, colour, theme }: Props) {
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
