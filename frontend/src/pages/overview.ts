import "../components/machine";
