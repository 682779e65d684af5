# python train.py config/tiny.py
n_layer = 2
n_head = 2
max_iters = 10
