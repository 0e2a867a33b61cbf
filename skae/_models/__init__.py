"""What a network is, and the model that it becomes: NumPy first, Keras on demand."""
