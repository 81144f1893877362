import "../components/csv-import";
