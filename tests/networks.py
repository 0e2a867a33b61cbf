"""Networks for `build_network`, importable so that they can be pickled."""


def dropout_network(n_features, n_components):
    """Dense layers with dropout and batch normalisation."""
    from keras import Sequential, layers

    encoder = Sequential(
        [layers.Dense(16, "relu"), layers.Dropout(0.2), layers.Dense(n_components)]
    )
    decoder = Sequential(
        [layers.Dense(16, "relu"), layers.BatchNormalization(), layers.Dense(n_features)]
    )
    return encoder, decoder


def convolutional_network(n_features, n_components):
    """Convolutions over 8 x 8 images, and back."""
    from keras import Input, Model, layers

    image = Input((n_features,))
    x = layers.Reshape((8, 8, 1))(image)
    x = layers.Conv2D(4, 3, strides=2, padding="same", activation="relu")(x)
    encoder = Model(image, layers.Dense(n_components)(layers.Flatten()(x)))
    code = Input((n_components,))
    x = layers.Reshape((4, 4, 4))(layers.Dense(64, activation="relu")(code))
    x = layers.Conv2DTranspose(1, 3, strides=2, padding="same")(x)
    return encoder, Model(code, layers.Reshape((n_features,))(x))
