import "../components/datasets/csv-import";
