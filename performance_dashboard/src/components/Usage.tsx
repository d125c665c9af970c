import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import {
  fetchUsage,
  fetchUserUsage,
  type PageUsage,
  totalUsage,
  USER_USAGE_DAYS,
  type UsageGroup,
  type UsageGrouping,
} from '../api.ts';
import type { PageConfig } from '../pageConfig.ts';
import { formatCount, formatShare } from '../view/format.ts';
import { formatUsd, usageBars, usageGroups, usersGroups } from '../view/usageRows.ts';
import { Command } from './Copy.tsx';
import { Figures, LoginRequired, Panel, PanelState, Scroll } from './Panel.tsx';

const REFRESH_MS = 5_000;
const TIMES = [7, 30, 90] as const;
const GROUPINGS: readonly { by: UsageGrouping; label: string; what: string }[] = [
  { by: 'key', label: 'Key', what: 'Key' },
  { by: 'model', label: 'Model', what: 'Provider and model' },
  { by: 'day', label: 'Day', what: 'Day, UTC' },
  { by: 'user', label: 'User', what: 'Key and user' },
];

/** Usage of all clients, by key, model, day or user. */
export function Usage({ config }: { config: PageConfig }) {
  const [days, setDays] = useState<number>(TIMES[0]);
  const [by, setBy] = useState<UsageGrouping>('key');
  const usage = useQuery({
    queryKey: ['usage', days],
    queryFn: ({ signal }) => fetchUsage(days, signal),
    enabled: !config.login,
    refetchInterval: REFRESH_MS,
    placeholderData: (before) => before,
  });
  if (config.login) {
    return (
      <LoginRequired title="Log in to see the usage">
        <p>Usage shows all clients: their keys, models, tokens and cost.</p>
      </LoginRequired>
    );
  }
  if (usage.isPending) return <PanelState tone="idle" title="Loading the usage…" />;
  if (!usage.data) {
    return (
      <PanelState
        tone="bad"
        title="The usage cannot be loaded"
        action={{ label: 'Retry', act: () => void usage.refetch() }}
      >
        <p>{usage.error?.message}</p>
      </PanelState>
    );
  }
  const { data } = usage;
  const total = totalUsage(data.rows);
  const tokens = total.input_tokens + total.output_tokens;
  const cached = formatShare(total.cached_input_tokens, total.input_tokens);
  const figures = [
    { label: 'Requests', value: formatCount(total.requests), unit: `${formatCount(total.failed)} failed` },
    { label: 'Input tokens', value: formatCount(total.input_tokens), unit: `${cached} from prompt caches` },
    { label: 'Output tokens', value: formatCount(total.output_tokens), unit: 'in answers' },
    { label: 'Estimated', value: formatShare(total.estimated_tokens, tokens), unit: 'of the tokens' },
    { label: 'Cost', value: formatUsd(total.cost_usd), unit: 'for models with a price' },
  ];
  const grouping = GROUPINGS.find((each) => each.by === by) ?? GROUPINGS[0]!;
  return (
    <div className="flex flex-col gap-4">
      <div className="flex flex-wrap items-center justify-between gap-x-6 gap-y-2">
        <p className="px-1 text-muted">
          From {data.from} to {data.to}, days in UTC
        </p>
        <div className="flex flex-wrap gap-2">
          <Choice label="Period" value={`${days}`} onChange={(value) => setDays(Number(value))}>
            {TIMES.map((time) => (
              <option key={time} value={time}>
                {time} days
              </option>
            ))}
          </Choice>
          <Choice label="Group by" value={by} onChange={(value) => setBy(value as UsageGrouping)}>
            {GROUPINGS.map((each) => (
              <option key={each.by} value={each.by}>
                {each.label}
              </option>
            ))}
          </Choice>
        </div>
      </div>
      {usage.isError && (
        <p role="alert" className="rounded-md border border-warn bg-warn-ground px-4 py-2">
          These numbers may be old: {usage.error.message}
        </p>
      )}
      {data.rows.length === 0 ? (
        <PanelState title="No usage yet">
          <p>Each stream is counted here when it ends, with its key, model, tokens and cost.</p>
          <p>
            Send one: <Command text="./weir load -c 1 -n 1" />
          </p>
        </PanelState>
      ) : (
        <>
          <Figures figures={figures} />
          <UsageBars usage={data} />
          <Panel
            title={`By ${grouping.label.toLowerCase()}`}
            unit={by === 'day' ? 'oldest first' : by === 'user' ? USERS_UNIT : 'most tokens first'}
          >
            {by === 'user' ? (
              <UsersTable days={days} what={grouping.what} />
            ) : (
              <UsageTable groups={usageGroups(data, by)} what={grouping.what} />
            )}
          </Panel>
        </>
      )}
    </div>
  );
}

function Choice(props: { label: string; value: string; onChange: (value: string) => void; children: React.ReactNode }) {
  return (
    <label className="flex items-center gap-2 text-label font-medium">
      {props.label}
      <select
        className="control w-auto! text-body"
        value={props.value}
        onChange={(event) => props.onChange(event.target.value)}
      >
        {props.children}
      </select>
    </label>
  );
}

const SERIES = [
  { label: 'Output', colour: 'bg-accent' },
  { label: 'Input', colour: 'bg-line-strong' },
] as const;

/** Tokens of each day. */
export function UsageBars({ usage }: { usage: PageUsage }) {
  const bars = usageBars(usage);
  const legend = (
    <ul className="flex gap-x-4 text-label text-muted">
      {SERIES.map(({ label, colour }) => (
        <li key={label} className="flex items-center gap-1.5">
          <span aria-hidden="true" className={`size-2.5 rounded-xs ${colour}`} />
          {label}
        </li>
      ))}
    </ul>
  );
  return (
    <Panel title="Tokens" unit="per day" aside={legend}>
      <ul className="flex h-32 items-stretch gap-px border-b border-line-strong sm:gap-1" aria-label="Tokens per day">
        {bars.map(({ day, input, output, inputShare, outputShare }) => {
          const words = `${day}: ${formatCount(input)} input, ${formatCount(output)} output`;
          return (
            <li
              key={day}
              title={words}
              className="flex min-w-0 flex-1 flex-col items-center justify-end hover:bg-sunken"
            >
              <span className="sr-only">{words}</span>
              <span
                aria-hidden="true"
                className="w-full max-w-12 bg-accent"
                style={{ height: `${outputShare * 100}%` }}
              />
              <span
                aria-hidden="true"
                className="w-full max-w-12 bg-line-strong"
                style={{ height: `${inputShare * 100}%` }}
              />
            </li>
          );
        })}
      </ul>
      <p aria-hidden="true" className="mt-1 flex justify-between text-label text-muted">
        <span>{usage.from}</span>
        <span>{usage.to}</span>
      </p>
    </Panel>
  );
}

const USERS_UNIT = `most tokens first, of ${USER_USAGE_DAYS} days at most`;

/** Users of keys that act for users, asked for when they are looked at: they may be many. */
function UsersTable({ days, what }: { days: number; what: string }) {
  const usage = useQuery({
    queryKey: ['usage', 'users', days],
    queryFn: ({ signal }) => fetchUserUsage(days, signal),
    refetchInterval: REFRESH_MS,
  });
  if (usage.isPending) return <p className="text-muted">Loading the users…</p>;
  if (!usage.data) return <p role="alert">The users cannot be loaded: {usage.error?.message}</p>;
  if (usage.data.users.length > 0) return <UsageTable groups={usersGroups(usage.data)} what={what} />;
  return (
    <p className="text-muted">
      Only keys that act for users have any: <Command text="./weir keys create NAME --acts-for-users" />
    </p>
  );
}

const HEADS = ['Requests', 'OK', 'Cancelled', 'Failed', 'Input', 'Cached', 'Output', 'Estimated', 'Cost'];

/** @param what head of the first column */
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
              <td>{formatShare(group.cached_input_tokens, group.input_tokens)}</td>
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
