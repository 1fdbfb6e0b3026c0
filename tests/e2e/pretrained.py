"""Tiny models with random weights, saved by the libraries themselves in a container that has them, and what loads them.

The packages are the real ones, from the package index that this machine's pip uses, as for the image.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

import docker
from docker.types import Mount

from tests.harness.egress.hub import folder_as_repo

BERT, RESNET = "podium-tests/tiny-bert", "timm/resnet10t.c3_in1k"  # the second as timm asks for `resnet10t`
WEIGHTS = "tiny-of-a-test.pth"
MAKING_SECONDS = 300

_INSTALL = """
import json, os, subprocess, sys
def install(*names):
    subprocess.run([sys.executable, "-m", "pip", "install", "-q", *names], check=True)
"""

SAVE_TOKENS = f"""{_INSTALL}
install("transformers")
import numpy
from safetensors.numpy import save_file
from tokenizers import BertWordPieceTokenizer
from transformers import BertConfig, BertTokenizerFast
os.makedirs("/out/bert")
words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "hello", "world", "##s"]
vocabulary = dict(zip(words, range(len(words))))
BertTokenizerFast(tokenizer_object=BertWordPieceTokenizer(vocabulary)._tokenizer).save_pretrained("/out/bert")
config = BertConfig(vocab_size=8, hidden_size=4, num_hidden_layers=1, num_attention_heads=2, intermediate_size=8)
config.save_pretrained("/out/bert")
weights = numpy.random.default_rng(0).normal(size=(8, 4)).astype("float32")
save_file({{"embeddings.word_embeddings.weight": weights}}, "/out/bert/model.safetensors", metadata={{"format": "pt"}})
print(json.dumps(float(weights.sum())))
"""

SAVE_NETWORKS = f"""{_INSTALL}
install("transformers", "timm")
import timm, torch
from timm.models import save_for_hf
from tokenizers import BertWordPieceTokenizer
from transformers import BertConfig, BertModel, BertTokenizerFast
torch.manual_seed(0)
words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "hello", "world", "##s"]
vocabulary = dict(zip(words, range(len(words))))
config = BertConfig(vocab_size=8, hidden_size=4, num_hidden_layers=1, num_attention_heads=2, intermediate_size=8)
bert = BertModel(config)
bert.save_pretrained("/out/bert")
BertTokenizerFast(tokenizer_object=BertWordPieceTokenizer(vocabulary)._tokenizer).save_pretrained("/out/bert")
resnet = timm.create_model("resnet10t.c3_in1k", pretrained=False)
save_for_hf(resnet, "/out/resnet", safe_serialization=True)
linear = torch.nn.Linear(3, 2)
os.makedirs("/out/weights")
torch.save(linear.state_dict(), "/out/weights/{WEIGHTS}")
print(json.dumps({{name: sum(float(one.double().sum()) for one in model.state_dict().values())
                   for name, model in (("bert", bert), ("resnet", resnet), ("linear", linear))}}))
"""

LOAD_TOKENS = f"""{_INSTALL}
install("transformers")
from transformers import AutoConfig, AutoTokenizer
from huggingface_hub import hf_hub_download
from safetensors.numpy import load_file
tokens = AutoTokenizer.from_pretrained("{BERT}")
weights = load_file(hf_hub_download("{BERT}", "model.safetensors"))
found = {{
    "tokens": tokens("Hello worlds")["input_ids"],
    "hidden": AutoConfig.from_pretrained("{BERT}").hidden_size,
    "sum": float(weights["embeddings.word_embeddings.weight"].sum()),
    "compiled": sum(name.endswith(".pyc") for _, _, names in os.walk("packages") for name in names),
}}
"""

LOAD_NETWORKS = f"""{_INSTALL}
install("transformers", "timm")
import timm, torch
from transformers import AutoModel, AutoTokenizer
def sum_of(state):
    return sum(float(one.double().sum()) for one in state.values())
bert = AutoModel.from_pretrained("{BERT}")
tokens = AutoTokenizer.from_pretrained("{BERT}")("hello worlds", return_tensors="pt")
resnet = timm.create_model("resnet10t.c3_in1k", pretrained=True, num_classes=1000)
fresh = timm.create_model("resnet10t", pretrained=True, num_classes=2)
linear = torch.hub.load_state_dict_from_url("https://download.example/models/{WEIGHTS}")
found = {{
    "tokens": tokens["input_ids"][0].tolist(),
    "hidden": list(bert(**tokens).last_hidden_state.shape),
    "bert": sum_of(bert.state_dict()),
    "resnet": sum_of(resnet.state_dict()),
    "same body": bool((fresh.conv1[0].weight == resnet.conv1[0].weight).all()),
    "classes": list(fresh.eval()(torch.zeros(1, 3, 64, 64)).shape),
    "linear": sum_of(linear),
}}
"""

END = """
import glob, shutil, socket
shutil.copy(glob.glob("input/sample_submission*")[0], "working/submission.csv")
found["interfaces"] = [name for _, name in socket.if_nameindex()]
print(json.dumps(found))
print("validation score: 0.5")
"""


@dataclass
class Maker:
    """Runs a script in a container of an image that has the cache's packages, and no network."""

    image: str
    cache: Path

    def make(self, script: str, out: Path):
        """Run it with `/out`; give what its last line says."""
        out.mkdir()
        client = docker.from_env()
        packages = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": "/wheels", "PIP_PREFIX": "/tmp/p", "PIP_NO_COMPILE": "0"}
        container = client.containers.create(
            self.image,
            entrypoint=["sh", "-c", 'mkdir -p "$PYTHONPATH"; exec /opt/candidate/bin/python -c "$0"', script],
            network_mode="none",
            environment={**packages, "PYTHONPATH": "/tmp/p/lib/python3.11/site-packages", "HOME": "/tmp"},
            mounts=[
                Mount("/wheels", str(self.cache / "content" / "wheels"), type="bind", read_only=True),
                Mount("/out", str(out), type="bind"),
            ],
            user=f"{os.getuid()}:{os.getgid()}",
        )
        try:
            container.start()
            ended = container.wait(timeout=MAKING_SECONDS)
            said, errors = (container.logs(stdout=one, stderr=not one).decode() for one in (True, False))
            assert ended["StatusCode"] == 0, said + errors
        finally:
            container.remove(force=True)
            client.close()
        return json.loads(said.strip().splitlines()[-1])


def repositories(made: Path) -> dict[str, dict[str, bytes]]:
    """What the maker saved, under the names that the libraries ask for."""
    folders = {BERT: made / "bert", RESNET: made / "resnet"}
    return {name: folder_as_repo(folder) for name, folder in folders.items() if folder.is_dir()}


def index_variables() -> dict[str, str]:
    """How this machine's pip finds its package index, as far as variables say it."""
    names = ("PIP_", "SSL_CERT", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy")
    return {name: value for name, value in os.environ.items() if name.startswith(names)}
