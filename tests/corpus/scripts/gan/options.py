import argparse


def parse_options():
    parser = argparse.ArgumentParser()
    parser.add_argument("--nz", type=int, default=16, help="size of the latent vector")
    parser.add_argument("--image-size", type=int, default=16)
    parser.add_argument("--batch-size", type=int, default=8)
    parser.add_argument("--niter", type=int, default=1, help="number of epochs")
    parser.add_argument("--lr", type=float, default=2e-4)
    parser.add_argument("--beta1", type=float, default=0.5)
    parser.add_argument("--netG", default="", help="path to netG (to continue training)")
    parser.add_argument("--netD", default="", help="path to netD (to continue training)")
    return parser.parse_args()
