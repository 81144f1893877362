import "../components/terminal";
