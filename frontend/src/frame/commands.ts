/** Commands of the command palette. */
import { getJson, monitorUrl } from "../api/http";
import { switchTheme } from "./theme";

export interface Command {
  label: string;
  group: string;
  href?: string;
  action?: () => void;
}

/** Links of the rail, and actions that every page has. */
export function pageCommands(): Command[] {
  const links = [...document.querySelectorAll<HTMLAnchorElement>(".rail li a[href]")].map((link) => ({
    label: link.querySelector(".label")?.textContent?.trim() ?? "",
    group: "Page",
    href: link.href,
  }));
  return [
    ...links,
    { label: "Import a dataset", group: "Action", href: "/datasets#import" },
    { label: "Switch light or dark theme", group: "Action", action: switchTheme },
  ];
}

interface Records {
  jobs: { uid: string; name: string }[];
  datasets: { uid: string; name: string }[];
  models: { id: string; name: string }[];
  experiments: { id: string; name: string }[];
  runs: { id: string; name: string; job_uid: string | null }[];
}

/** Links to jobs, datasets, models, experiments and runs of scripts. Lists that cannot be loaded are left out. */
export async function recordCommands(): Promise<Command[]> {
  const [jobs, datasets, models, experiments, runs] = await Promise.all([
    getJson<Pick<Records, "jobs">>("/api/jobs?limit=100").catch(() => ({ jobs: [] })),
    getJson<Records["datasets"]>("/api/datasets").catch(() => []),
    getJson<Pick<Records, "models">>("/api/models").catch(() => ({ models: [] })),
    getJson<Records["experiments"]>("/api/experiments?limit=100").catch(() => []),
    getJson<Records["runs"]>(`${monitorUrl()}/api/runs?limit=100`).catch(() => []),
  ]);
  return [
    ...jobs.jobs.map((job) => ({ label: job.name, group: "Job", href: `/jobs/${job.uid}` })),
    ...datasets.map((dataset) => ({ label: dataset.name, group: "Dataset", href: `/datasets/${dataset.uid}` })),
    ...experiments.map((found) => ({ label: found.name, group: "Experiment", href: `/experiments/${found.id}` })),
    ...runs
      .filter((run) => !run.job_uid)
      .map((run) => ({ label: run.name, group: "Run", href: `/runs/${encodeURIComponent(run.id)}` })),
    ...models.models.map((model) => ({
      label: model.name,
      group: "Model",
      href: `/models/${model.id.split("/").map(encodeURIComponent).join("/")}`,
    })),
  ];
}
