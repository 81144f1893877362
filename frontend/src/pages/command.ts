import "../components/run/terminal";
