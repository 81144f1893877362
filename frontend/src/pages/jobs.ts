/** The selection bar of the job list: shown while jobs are selected, with their number. */
const form = document.querySelector<HTMLFormElement>("#selected-jobs");

function show(): void {
  const bar = document.querySelector<HTMLElement>(".selection-bar");
  if (!form || !bar) return;
  const count = document.querySelectorAll("#selected-jobs input[name=runs]:checked").length;
  bar.classList.toggle("without-selection", count === 0);
  bar.querySelector(".selection-count")!.textContent = count ? `${count} selected` : "";
}

document.addEventListener("change", show);
show();
