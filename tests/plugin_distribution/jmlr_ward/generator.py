"""A model family with a prompt of its own."""

from jmlr_plugins.generators.decoder import DecoderGenerator
from jmlr_plugins.generators.template import Frame


class WardLlama(DecoderGenerator):
    frame = Frame(before="<s>On the ward round.\n", after="\nThe doctor says:")
