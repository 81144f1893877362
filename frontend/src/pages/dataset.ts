import "../components/fragment";
import "../components/version-upload";
