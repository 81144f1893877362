/** What the command palette offers. */
import { getJson } from "../api/http";
import { switchTheme } from "./theme";

export interface Command {
  label: string;
  group: string;
  href?: string;
  action?: () => void;
}

/** Links of the rail, and what can be done from anywhere. */
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
}

/** Jobs, datasets and models by name. What cannot be loaded is left out: the pages still list it. */
export async function recordCommands(): Promise<Command[]> {
  const [jobs, datasets, models] = await Promise.all([
    getJson<Pick<Records, "jobs">>("/api/jobs?limit=100").catch(() => ({ jobs: [] })),
    getJson<Records["datasets"]>("/api/datasets").catch(() => []),
    getJson<Pick<Records, "models">>("/api/models").catch(() => ({ models: [] })),
  ]);
  return [
    ...jobs.jobs.map((job) => ({ label: job.name, group: "Job", href: `/jobs/${job.uid}` })),
    ...datasets.map((dataset) => ({ label: dataset.name, group: "Dataset", href: `/datasets/${dataset.uid}` })),
    ...models.models.map((model) => ({
      label: model.name,
      group: "Model",
      href: `/models/${model.id.split("/").map(encodeURIComponent).join("/")}`,
    })),
  ];
}
