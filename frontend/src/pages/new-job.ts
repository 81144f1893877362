import { connectForm } from "../new-job/form";

const form = document.querySelector<HTMLFormElement>("#job-form");
if (form) connectForm(form);
