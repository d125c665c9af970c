import { expect, it } from 'vitest';
import { instanceMark } from '../../../performance_dashboard/src/view/instanceMark.ts';

it('an instance has the letter and the colour of its name, whichever others are there', () => {
  const marks = ['app-1', 'app-2', 'app-7', 'app-26', 'app-27'].map((id) => {
    const { letter, colour } = instanceMark(id);
    return `${letter} ${colour}`;
  });
  expect(marks).toEqual([
    'A var(--instance-1)',
    'B var(--instance-2)',
    'G var(--instance-1)',
    'Z var(--instance-2)',
    'A var(--instance-3)',
  ]);
  expect(instanceMark('weir-6f9c-x2k')).toEqual(instanceMark('weir-6f9c-x2k'));
  expect(instanceMark('weir-6f9c-x2k')).not.toEqual(instanceMark('weir-6f9c-p9d'));
  expect([instanceMark(null), instanceMark('?')].map(({ letter }) => letter)).toEqual(['–', '–']);
});
