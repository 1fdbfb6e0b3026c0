"""The metrics that decide competitions, registered by name with the direction in which they improve.

Families are files; importing this package registers them all and imports nothing heavy: scikit-learn is imported
where a metric is computed. A metric is a pure function of the truth and the prediction; who may submit what is not its
affair.
"""

from harness.metrics import bias as bias
from harness.metrics import classification as classification
from harness.metrics import detection as detection
from harness.metrics import manyclass as manyclass
from harness.metrics import masks as masks
from harness.metrics import multilabel as multilabel
from harness.metrics import ordering as ordering
from harness.metrics import ranking as ranking
from harness.metrics import regression as regression
from harness.metrics import roc as roc
from harness.metrics import signals as signals
from harness.metrics import text as text
from harness.metrics.registry import Array, Metric, NoOptions, Table, get_metric, metric, names

__all__ = ["Array", "Metric", "NoOptions", "Table", "get_metric", "metric", "names"]
