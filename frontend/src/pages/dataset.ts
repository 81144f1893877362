import "../components/fragment";
import "../components/datasets/version-upload";
