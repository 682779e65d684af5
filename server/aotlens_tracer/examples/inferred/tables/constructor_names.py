"""Names of constructors' parameters and their usual meaning: the expression to pass for each.

One row is a pattern for the whole name, in snake case, and an expression. The first row that matches wins. The sizes
are those of `sizes`, so that modules fit their inputs and each other.
"""

from __future__ import annotations

import re

NAMES: tuple[tuple[str, str], ...] = (
    (r"mask(ing|ed)?_(ratio|prob|rate)|.*keep.*|(.*_)?(fraction|percent|percentage|ratio_masked)|probability", "0.5"),
    (r"(net|network|model|encoder|decoder|backbone|vit|student|teacher|transformer|module|fn|func|function|layer|block|sub_?module|submodule|trunk|stem|head|base_model|unet|wrapped|inner|to_.*|autoencoder|vae|vision_model|text_model|image_encoder|text_encoder|mlp|attn|attention|ff|body|tail|embedder|feature_extractor)", "torch.nn.Identity()"),
    # heads and their widths
    (r"(dim|d|size)_?(per_)?heads?|heads?_(dim|size|width|channels)s?|(attention_|num_)?head_(dim|size|channels)|d_k|d_v|dim_key|dim_value", "16"),
    (r".*heads?_?kv|(num_|n_)?(kv|key_value)_?heads?|num_key_value_heads", "4"),
    (r"(.*_)?n?_?heads?|nheads?|num_attention_heads|attn_heads", "4"),
    # images, patches, sequences
    (r"(img|image|input|output|full|native|pretrain_img|orig_img)_?(size|res|resolution|height|width|h|w)|resolution|input_resolution|(image|img)_(height|width)", "224"),
    (r"image_dims|spatial_dims_size", "(224, 224)"),
    (r"(.*_)?patch_(size|height|width|dim_size)s?|patch", "16"),
    (r"(frame|temporal|time|tubelet)_patch_size|tubelet_size|patch_size_t|t_patch_size", "2"),
    (r"(num_|n_|max_|image_)?frames|num_segments|video_length|clip_len", "8"),
    (r"(num_|n_)?patches|num_(image_)?tokens_in|n_patch", "196"),
    (r"(frame|fft|n_fft|filter_length|win_length|window_length|frame_length)_?(size)?|n_fft", "512"),
    (r"hop(_length|_size)?", "128"),
    (r"(sample|sampling)_?rate|sr|fs", "16000"),
    (r"(n|num)_?mels?(_bins)?|mel_bins|num_mel_channels", "80"),
    (r"(max|num)_?(seq(uence)?|src|tgt|text|pos(ition)?|context|target|source)?_?(len|length|lens|positions|tokens_len|embeddings_len|time)|max_position_embeddings|block_size|n_ctx|context_length|n_positions", "64"),
    (r"(seq(uence)?|text|context|input|target)_?(len|length)|length|len|timesteps_len", "16"),
    (r"(.*_)?(window|win)(_size)?s?|ws", "7"),
    # channels
    (r"(in|input|image|img)_?(chans|chan)|in_ch_img|img_channels|image_channels|n_channels|num_input_channels|(num_)?colou?r_channels|input_channels|in_chan", "3"),
    (r"(n|num)_?(class(es)?|labels|outputs)|classes|out_classes|num_class|nclass", "10"),
    (r"(.*_)?(vocab|vocabulary|dictionary)(_size)?|num_embeddings|n_?tokens?|num_tokens|vocab_sizes?|n_vocab|codebook_size|num_codes|n_embed_codes|n_src_vocab|n_e", "256"),
    # stacks
    (r"(.*_)?(depth|num_layers|n_layers?|layers_num|nlayers?|num_blocks|n_blocks|num_stages|num_hidden_layers|num_res_blocks|n_res_blocks|num_res_layers|num_layer|num_convs|n_convs|nb_layers|num_residual_layers|n_res|num_resblocks|num_units|n_units|num_conv_layers|repeats?|num_repeats?)", "2"),
    (r"layers|blocks|stages", "2"),
    (r"depths|num_blocks_per_stage|layers_per_stage|layer_counts", "(2, 2, 2, 2)"),
    (r"(.*_)?(layer|block|stage|head|branch|level|module)?_?(idx|index|id|ids|number|i|ind)|i|stage_num|layer_num|layer_number", "0"),
    # convolutions
    (r"(.*_)?kernel(_size|s|_sizes)?|ks|k_size|ksize|conv_kernel(_size)?|filter_size", "3"),
    (r"(.*_)?strides?", "1"),
    (r"(.*_)?padding|pad", "1"),
    (r"(.*_)?dilations?|dilation_rate", "1"),
    (r"groups|conv_groups|cardinality", "1"),
    (r"(.*_)?num_groups|n_groups|norm_groups|ngroups|resnet_groups", "4"),
    (r"(spatial_dims?|(num_|n_)?dimensions?|ndims?|num_dims|n_dims|conv_dim|dims)", "2"),
    # factors and rates
    (r"(.*_)?(drop|dropout|droppath|drop_path|dropout_p|drop_prob|drop_rate|dropout_rate|dropout_prob|p_drop|survival|pdrop|prob|p)", "0.0"),
    (r"(.*_)?(scale_factor|upscale(_factor)?|up_factor|down_factor|downsample(_factor|_ratio|_rate)?|upsample_(factor|ratio|rate)|shrink_factor|factor|sr_ratio|upsampling|scale)", "2"),
    (r"(.*_)?(mult|ratio|expansion(_factor|_rate)?|expand(_ratio|_factor)?|multiplier|reduction(_ratio|_factor)?|squeeze_factor|reduction_rate|rd_ratio|expansion_ratio)", "2"),
    (r"(.*_)?(eps|epsilon)", "1e-05"),
    (r"(.*_)?(init_values?|init_scale|layer_scale(_init_value)?|gamma_init)", "0.1"),
    (r"(.*_)?(temperature|temp|tau|sigma|std|alpha|beta|gamma|weight_decay|momentum|decay|strength|weight|coef|coeff|lambda_?|slope)", "1.0"),
    (r"(.*_)?(theta|rope_base|base|max_period|max_freq|max_wavelength)", "10000"),
    (r"(top_?k|k|K|num_experts_per_tok|n_?neighbou?rs|num_selects?)", "2"),
    (r"(num_|n_)?(experts|codebooks|quantizers|slots|queries|latents|groups|iters|iterations|steps|memory_tokens|registers?_?(tokens)?|memories|prototypes|centers|bins|points|levels|landmarks|features_per|freqs|bands|basis|scales|rank|ranks|samples|mixtures)|rank|r|order|degree", "4"),
    (r"(num_)?(timesteps|diffusion_steps|train_timesteps)|T", "100"),
    (r"(num_|n_)?(nodes|atoms|residues|points)", "16"),
    # words
    (r"(.*_)?name", "'default'"),
    # switches
    (r"(use|has|is|with|add|apply|enable|do|no|return|learn|learnable|share|shared|force|ignore|skip)_.*|bias|.*_bias|qkv_bias|causal|bidirectional|training|inplace|batch_first|residual|learnable|affine|normalize|downsample|upsample|up|down|last|first|final|causal_mask", "False"),
    (r"device|.*_device", "'cpu'"),
    (r"d?type|param_dtype|torch_dtype", "torch.float32"),
    # classes and functions
    (r"(.*_)?(norm_layer|norm_cls|norm_class|norm_type|norm_fn|normalization_layer|normalization|norm)", "torch.nn.LayerNorm"),
    (r"(.*_)?(act|activation|act_layer|activation_layer|act_fn|activation_fn|act_cls|act_func|nonlinearity|non_linearity|non_linear|nonlin|act_type|nl)", "torch.nn.GELU"),
    (r"(conv_layer|conv_cls|conv_class|conv_op|conv)", "torch.nn.Conv2d"),
    # widths
    (r"(mlp|ff|ffn|feedforward|intermediate|inner|expert|ff_inner|d_inner|dim_feedforward)_?(hidden)?_?(dim|size|width|channels|features)?|d_ff|dim_?ff|dim_feedforward|hidden_(dims?|size|features|channels|width|units)|ffn_embed_dim|dim_inner|d_hidden|dim_hidden|nhid|n_hid|hidden|n_inner", "128"),
    (r"(hidden_|mlp_|embed_|layer_)?(dims|widths)|(hidden|mlp)_(sizes|dims|units_list)|(block_out_|encoder_|decoder_)?channels_list|(encoder|decoder)_channels|in_channels_list|dims_list|features_list|embed_dims|filters_list", "(64, 64, 64, 64)"),
    (r"(.*_)?(dim|dims|d_model|width|size|channels?|chs?|planes|inplanes|features?|filters|in_features|out_features|embed|emb|emb_dim|nf|ngf|ndf|nc|units|d|c|h_size|hs|in_c|out_c|cin|cout|inp|oup|inc|outc|ch_in|ch_out|ninp|n_embd|n_state|d_in|d_out|c_in|c_out|c_z|c_s|c_m|nin|nout|n_in|n_out|in_ch|out_ch)", "64"),
    (r".*_(steps|iters|iterations|rounds|hops|recurrences|passes)", "2"),
    (r"(num|n|max|min)_.*", "2"),
    (r"(dim|d|c|channels?|in|out|embed|feat(ure)?|hidden)_.*", "64"),
)  # fmt: skip
DOWNLOADED = re.compile(r"(.*_)?(pretrained|weights?|checkpoint|ckpt|state_dict)(_(url|path|file|name|cfg))?")
"""Names, in snake case, of parameters that say which weights are loaded."""
_COMPILED = tuple((re.compile(pattern), text) for pattern, text in NAMES)


def constructor_prior(name: str) -> str | None:
    """The expression that is usually passed for a constructor's parameter of that name; None for an unknown name."""
    name = _snake(name)
    return next((text for pattern, text in _COMPILED if pattern.fullmatch(name)), None)


def _snake(name: str) -> str:
    """The name in snake case, in which the patterns are written."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).strip("_").lower() if len(name) > 1 else name


def is_number(expression: str) -> bool:
    """Whether an expression of this table is a number."""
    return re.fullmatch(r"-?[\d.]+(e-?\d+)?", expression) is not None
