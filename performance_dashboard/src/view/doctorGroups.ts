import type { Finding } from '../api.ts';

export type Area = NonNullable<Finding['area']>;

export interface DoctorGroup {
  area: Area;
  title: string;
  findings: Finding[];
  /** The worst of them; null if nothing was checked. */
  status: Finding['status'] | null;
}

const TITLES: readonly [Area, string][] = [
  ['page', 'This page'],
  ['nginx', 'NGINX'],
  ['instances', 'Instances'],
  ['redis', 'Redis'],
  ['machine', 'Machine'],
];

/** Areas of findings that name none. */
const BY_ID: Record<string, Area> = {
  reach: 'nginx',
  certificate: 'nginx',
  balancer: 'nginx',
  instances: 'instances',
  redis: 'redis',
};

const RANK = { fail: 0, warn: 1, ok: 2 } as const;

/** Findings by part of the path, in its order; the worst of each part first. */
export function doctorGroups(findings: readonly Finding[]): DoctorGroup[] {
  return TITLES.map(([area, title]) => {
    const own = findings
      .filter((finding) => (finding.area ?? BY_ID[finding.id] ?? 'machine') === area)
      .sort((x, y) => RANK[x.status] - RANK[y.status]);
    return { area, title, findings: own, status: own[0]?.status ?? null };
  });
}

/** All findings in one sentence. */
export function doctorWords(findings: readonly Finding[]): string {
  const count = (status: Finding['status']) => findings.filter((finding) => finding.status === status).length;
  const [fails, warns] = [count('fail'), count('warn')];
  const checked = `${findings.length} ${findings.length === 1 ? 'check' : 'checks'}`;
  if (fails + warns === 0) return `${checked} passed.`;
  const parts = [
    fails > 0 ? `${fails} failed` : '',
    warns > 0 ? `${warns} ${warns === 1 ? 'warning' : 'warnings'}` : '',
  ].filter(Boolean);
  return `${checked}: ${parts.join(', ')}.`;
}

const NAMES: Record<string, string> = { nginx: 'NGINX', redis: 'Redis', api: 'API', url: 'address', cors: 'CORS' };

/** `nginx_running` as `NGINX running`. */
export function checkName(id: string): string {
  const words = id.split('_').map((word) => NAMES[word] ?? word);
  return capitalised(words.join(' '));
}

/** Names such as `app-2` keep their case. */
export function capitalised(text: string): string {
  if (/^[a-z]+-\d/.test(text)) return text;
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** Whether a fix is a command, which can be copied, and not a sentence. */
export function isCommand(fix: string): boolean {
  return /^(\.\/|sudo |npm |[A-Z_]+=|ulimit |redis-cli |kill )/.test(fix);
}
