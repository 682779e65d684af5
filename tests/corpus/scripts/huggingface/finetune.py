"""Fine-tune with the Trainer as it is."""

from transformers import Trainer, TrainingArguments

from data import Pairs
from modeling import PairClassifier, small_config


def main():
    model = PairClassifier(small_config())
    args = TrainingArguments(
        output_dir="out/run",
        per_device_train_batch_size=8,
        num_train_epochs=1,
        learning_rate=5e-5,
        weight_decay=0.01,
        report_to=[],
        use_cpu=True,
    )
    trainer = Trainer(model=model, args=args, train_dataset=Pairs())
    trainer.train()
    trainer.save_model()


if __name__ == "__main__":
    main()
