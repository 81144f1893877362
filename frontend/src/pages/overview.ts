import "../charts/spark";
import "../components/system/machine";
