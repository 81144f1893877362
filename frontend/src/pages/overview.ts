import "../charts/spark";
import "../components/machine";
