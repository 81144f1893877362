"""The offline starter: a small Llama with random weights and a tokenizer trained on the dataset. Needs no model hub.

The starter has no knowledge besides the dataset. A training of a small dataset takes about a minute on a CPU.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from pegbox.data.rows import Row

HIDDEN_SIZE = 192
LAYERS = 3
VOCABULARY_SIZE = 2000
MAX_POSITIONS = 1024
SPECIAL_TOKENS = ("<|pad|>", "<|end|>", "<|system|>", "<|user|>", "<|assistant|>")
CHAT_TEMPLATE = (
    "{%- for message in messages -%}"
    "{%- if message['role'] == 'system' -%}{{ '<|system|>' + message['content'] + '<|end|>' }}"
    "{%- elif message['role'] == 'user' -%}{{ '<|user|>' + message['content'] + '<|end|>' }}"
    "{%- else -%}{{ '<|assistant|>' }}{% generation %}{{ message['content'] + '<|end|>' }}{% endgeneration %}{%- endif -%}"
    "{%- endfor -%}"
    "{%- if add_generation_prompt -%}{{ '<|assistant|>' }}{%- endif -%}"
)


def build_starter(
    folder: Path, rows: Sequence[Row], *, seed: int, hidden_size: int = HIDDEN_SIZE, layers: int = LAYERS
) -> Path:
    """Writes model and tokenizer into `folder`, unless an earlier attempt has done so. Returns `folder`.

    `hidden_size` must be a multiple of 32. The weights depend only on `seed`, the rows and the sizes.
    """
    if folder.exists():
        return folder
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    tokenizer = _train_tokenizer([text for row in rows for text in row])
    heads = max(1, hidden_size // 48)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=hidden_size,
        intermediate_size=hidden_size * 3,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        num_key_value_heads=heads,
        max_position_embeddings=MAX_POSITIONS,
        tie_word_embeddings=True,
        pad_token_id=tokenizer.pad_token_id,
        eos_token_id=tokenizer.eos_token_id,
        bos_token_id=None,
    )
    torch.manual_seed(seed)
    unfinished = folder.with_name(f"{folder.name}.partial")
    shutil.rmtree(unfinished, ignore_errors=True)
    LlamaForCausalLM(config).save_pretrained(unfinished)
    tokenizer.save_pretrained(unfinished)
    unfinished.rename(folder)
    return folder


def _train_tokenizer(texts: Sequence[str]):  # type: ignore[no-untyped-def]
    """Trains byte-level BPE, which encodes any text without loss. Each digit is one token, so that models can copy numbers."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    bpe.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY_SIZE,
        special_tokens=list(SPECIAL_TOKENS),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    bpe.train_from_iterator(texts, trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=bpe,
        pad_token="<|pad|>",  # noqa: S106 - a special token
        eos_token="<|end|>",  # noqa: S106 - a special token
        additional_special_tokens=list(SPECIAL_TOKENS[2:]),
        clean_up_tokenization_spaces=False,
        model_max_length=MAX_POSITIONS,
        chat_template=CHAT_TEMPLATE,
    )
