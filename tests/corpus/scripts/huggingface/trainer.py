"""Fine-tune with the Trainer of transformers: python trainer.py"""

from transformers import Trainer, TrainingArguments

from data import Pairs
from modeling import FocalLoss, PairClassifier, small_config


class FocalTrainer(Trainer):
    """Classes are not balanced: the loss looks at what is hard."""

    def compute_loss(self, model, inputs, return_outputs=False, num_items_in_batch=None):
        labels = inputs.pop("labels")
        outputs = model(**inputs)
        loss = FocalLoss(gamma=2.0)(outputs.logits, labels)
        return (loss, outputs) if return_outputs else loss


def main():
    model = PairClassifier(small_config())
    args = TrainingArguments(
        output_dir="out",
        per_device_train_batch_size=8,
        num_train_epochs=1,
        learning_rate=5e-5,
        weight_decay=0.01,
        report_to=[],
        use_cpu=True,
    )
    trainer = FocalTrainer(model=model, args=args, train_dataset=Pairs())
    trainer.train()


if __name__ == "__main__":
    main()
