import "../components/fragment";
