import type { UsageGroup } from '../api.ts';
import { formatCount } from '../view/format.ts';
import { formatUsd } from '../view/usageRows.ts';
import { Scroll } from './Scroll.tsx';

const HEADS = ['Requests', 'OK', 'Cancelled', 'Failed', 'Input', 'Output', 'Estimated', 'Cost'];

/** @param what its rows are */
export function UsageTable({ groups, what }: { groups: readonly UsageGroup[]; what: string }) {
  return (
    <Scroll label="Usage, table">
      <table className="data-table">
        <thead>
          <tr>
            <th scope="col">{what}</th>
            {HEADS.map((head) => (
              <th key={head} scope="col">
                {head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {groups.map((group) => (
            <tr key={group.name}>
              <th scope="row" className="max-w-60 truncate" title={group.name}>
                {group.name}
              </th>
              <td className="font-semibold">{formatCount(group.requests)}</td>
              <td>{formatCount(group.ok)}</td>
              <td>{formatCount(group.cancelled)}</td>
              <td>{formatCount(group.failed)}</td>
              <td>{formatCount(group.input_tokens)}</td>
              <td>{formatCount(group.output_tokens)}</td>
              <td className="text-muted">{formatCount(group.estimated_tokens)}</td>
              <td>{formatUsd(group.cost_usd)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}
